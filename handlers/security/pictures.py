"""Cleans uploaded pictures: decodes them within limits and encodes them again.

Then only their pixels remain. A worker process does this, because a decoded picture takes up to
350 MiB. Also, some decoders hold the interpreter's lock: the decoder for WebP holds it for 55 ms
for a picture of 4096 by 4096 pixels.
"""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from crdt.errors import WorkerDied, WorkersBusy, WorkTooLarge
from crdt.workers import Workers
from handlers.errors import ApiError, invalid, unavailable

MAX_SIDE_PX = 4_096
SIDE_PX = 256
WHOLE_SIDE_PX = 1_024
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
CONTENT_TYPE = "image/webp"

_QUALITY = 85
_DEADLINE_S = 20.0
"""Most seconds for one picture. The slowest picture takes a second on an idle core."""
_JPEG = b"\xff\xd8"
_START_OF_SCAN = b"\xff\xda"
_MAX_SCANS = 64
"""Most scans of a progressive JPEG. Each may take 6 ms, although it adds only 34 bytes to the file.
Encoders make about ten scans."""

_DECODED_BYTES = 4 * MAX_SIDE_PX * MAX_SIDE_PX
"""Bytes of the largest picture in its decoded form."""

# Pillow can have this bound only for the whole process, not for one image. That does no harm,
# because no other code of the server uses Pillow. While Pillow reads a header, it refuses an image
# of more than twice this bound. `_clean` refuses smaller images with a side over `MAX_SIDE_PX`.
# Both happen before the image is decoded.
Image.MAX_IMAGE_PIXELS = MAX_SIDE_PX * MAX_SIDE_PX


class Pictures:
    """Reads pictures in worker processes, in which users take turns."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def clean(self, file: bytes, user_id: str, *, is_whole: bool) -> bytes:
        """Return the picture as WebP without metadata.

        is_whole  whether to keep the whole picture, at most 1024 by 1024 pixels, instead of
                  cropping it to 256 by 256

        Raises ApiError 422 with the reason unless the file is a complete PNG, JPEG, WebP or GIF of
        at most 4096 pixels a side. Raises ApiError 503 if too many pictures wait, or if there is
        too little memory.
        """
        try:
            picture = await self._workers.run(
                _try_to_clean, file, is_whole, key=user_id, deadline_s=_DEADLINE_S
            )
        except WorkersBusy:
            raise unavailable("Too many pictures are being read.") from None
        except WorkTooLarge:
            raise _no_memory() from None
        except WorkerDied:
            raise _refused("cannot be read") from None
        if isinstance(picture, ApiError):
            raise picture
        return picture


def _try_to_clean(file: bytes, is_whole: bool) -> bytes | ApiError:
    """Return the result of `clean`, or the ApiError that it raised.

    The error is returned, because for a worker process a refused picture is not a failure.
    """
    try:
        return clean(file, is_whole)
    except ApiError as error:
        return error


def clean(file: bytes, is_whole: bool = False) -> bytes:
    """Do the work of `Pictures.clean`, in a worker process."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of some parts of a file. Encoding drops these parts.
            warnings.simplefilter("ignore")
            return _clean(file, is_whole)
    except UnidentifiedImageError:
        if not _has_memory():
            raise _no_memory() from None
        raise _refused("is not a PNG, JPEG, WebP or GIF picture") from None
    except Image.DecompressionBombError:
        raise _too_large() from None
    except ApiError:
        raise
    except MemoryError:
        raise _no_memory() from None
    # For a hostile file, a decoder may raise any error: struct.error, zlib.error, IndexError.
    except Exception:
        if not _has_memory():
            raise _no_memory() from None
        raise _refused("is damaged or not complete") from None


def _clean(file: bytes, is_whole: bool) -> bytes:
    if file[:2] == _JPEG and file.count(_START_OF_SCAN) > _MAX_SCANS:
        raise _refused("has too many scans")
    side_px = WHOLE_SIDE_PX if is_whole else SIDE_PX
    with Image.open(io.BytesIO(file), formats=FORMATS) as image:
        if max(image.size) > MAX_SIDE_PX:
            raise _too_large()
        image.draft("RGB", (2 * side_px, 2 * side_px))
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        plain = _in_colours(image)
    if is_whole:
        plain.thumbnail((side_px, side_px))
    else:
        plain = ImageOps.fit(plain, (side_px, side_px))
    plain.info.clear()
    written = io.BytesIO()
    plain.save(written, "WEBP", quality=_QUALITY)
    return written.getvalue()


def _in_colours(image: Image.Image) -> Image.Image:
    """Return the picture as RGB, with alpha if it may be transparent."""
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    is_opaque = image.mode in ("RGB", "L", "CMYK", "YCbCr") and "transparency" not in image.info
    return image.convert("RGB" if is_opaque else "RGBA")


def _has_memory() -> bool:
    """Whether there is memory to decode a large picture.

    Some decoders do not say that they failed for lack of memory, so `clean` asks this.
    """
    try:
        bytearray(_DECODED_BYTES)
    except MemoryError:
        return False
    return True


def _no_memory() -> ApiError:
    return unavailable(
        "The server has too little memory for this picture now. Try again later, or send a smaller "
        "one."
    )


def _too_large() -> ApiError:
    return _refused(f"may have at most {MAX_SIDE_PX} pixels a side")


def _refused(what: str) -> ApiError:
    return invalid({"avatar": [what]})
