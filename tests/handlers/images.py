"""Pictures that people may send, valid and hostile, and a check of the pictures made of them."""

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

CANARY = b"<script>alert('canary')</script>"
_GPS = {0x8825: {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 17.0)}}
_EXIF_ORIENTATION = 0x0112


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return a picture that does not compress. It is the same at every call."""
    count = width * height * len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (width, height), random.Random(0).randbytes(count))


def halves(left: Any, right: Any, mode: str = "RGB", side: int = 300) -> Image.Image:
    image = Image.new(mode, (side, side), left)
    image.paste(right, (side // 2, 0, side, side))
    return image


def _frames() -> list[Image.Image]:
    return [Image.new("RGB", (300, 200), colour) for colour in ("red", "lime", "blue")]


def exif(orientation: int = 1) -> Image.Exif:
    """Return EXIF data like that of a phone: place, orientation and a description."""
    data = Image.Exif()
    data[_EXIF_ORIENTATION] = orientation
    data[0x010E] = CANARY.decode()
    data.get_ifd(0x8825).update(_GPS[0x8825])
    return data


def _png_text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", CANARY.decode())
    info.add_itxt("XML:com.adobe.xmp", CANARY.decode(), zip=True)
    info.add_text("zip", CANARY.decode() * 50, zip=True)
    return info


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.html", CANARY)
    return file.getvalue()


def _sixteen_bits() -> Image.Image:
    return Image.frombytes("I;16", (300, 300), struct.pack("<H", 0x8000) * 90_000)


def _palette(transparency: int | bytes) -> bytes:
    image = Image.new("P", (300, 300), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (150, 0, 300, 300))
    return saved(image, "PNG", transparency=transparency)


def png(
    width: int, height: int, *, depth: int = 8, colour: int = 0, rows: int | None = None
) -> bytes:
    """Return a black PNG.

    With `rows`, it has only that number of rows, and its header is wrong.
    """
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    row = b"\0" * (1 + (width * depth * channels + 7) // 8)
    packer = zlib.compressobj(1)
    data = [packer.compress(row) for _ in range(height if rows is None else rows)]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in (
            (b"IHDR", header),
            (b"IDAT", b"".join(data) + packer.flush()),
            (b"IEND", b""),
        )
    )


def _gif_screen(width: int, height: int) -> bytes:
    """Return a small GIF whose header states another size."""
    file = bytearray(saved(Image.new("P", (8, 8)), "GIF"))
    file[6:10] = struct.pack("<HH", width, height)
    return bytes(file)


def _jpeg_of(width: int, height: int) -> bytes:
    """Return a small JPEG whose header states another size."""
    file = bytearray(saved(Image.new("RGB", (8, 8)), "JPEG"))
    start = file.index(b"\xff\xc0") + 5
    file[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(file)


_PLAIN = {kind: saved(noise(120, 90), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF")}

GOOD: dict[str, Callable[[], bytes]] = {
    **{kind: partial(bytes, file) for kind, file in _PLAIN.items()},
    "progressive JPEG": lambda: saved(noise(300, 200), "JPEG", progressive=True, optimize=True),
    "lossless WebP": lambda: saved(noise(300, 200, "RGBA"), "WEBP", lossless=True),
    "PNG with half its pixels": lambda: png(300, 300, rows=150),
    "1x1": lambda: png(1, 1),
    "1x4096": lambda: png(1, 4_096),
    "4096x1": lambda: png(4_096, 1),
    "4096x4096": lambda: png(4_096, 4_096, colour=6),
    "4096 JPEG": lambda: saved(Image.new("CMYK", (4_096, 4_096)), "JPEG"),
    "black and white": lambda: png(300, 200, depth=1),
    "16-bit grey": lambda: saved(_sixteen_bits(), "PNG"),
    "16-bit colour": lambda: png(300, 200, depth=16, colour=2),
    "CMYK": lambda: saved(halves((0, 255, 255, 0), (255, 255, 0, 0), "CMYK"), "JPEG"),
    "grey with alpha": lambda: saved(Image.new("LA", (300, 200), (200, 10)), "PNG"),
    "palette, one colour transparent": lambda: _palette(1),
    "palette, half transparent": lambda: _palette(b"\xff\x80"),
    "animated GIF": lambda: saved(
        _frames()[0], "GIF", save_all=True, append_images=_frames()[1:], comment=CANARY
    ),
    "animated WebP": lambda: saved(
        _frames()[0], "WEBP", save_all=True, append_images=_frames()[1:], exif=exif()
    ),
    "animated PNG": lambda: saved(_frames()[0], "PNG", save_all=True, append_images=_frames()[1:]),
    "EXIF with GPS": lambda: saved(noise(300, 200), "JPEG", exif=exif(), comment=CANARY),
    "EXIF in PNG": lambda: saved(noise(300, 200), "PNG", exif=exif()),
    "EXIF in WebP": lambda: saved(
        noise(300, 200), "WEBP", exif=exif(), xmp=CANARY, icc_profile=CANARY
    ),
    "XMP and ICC": lambda: saved(noise(300, 200), "JPEG", xmp=CANARY, icc_profile=CANARY * 10),
    "text in PNG": lambda: saved(noise(300, 200), "PNG", pnginfo=_png_text(), icc_profile=CANARY),
    "broken EXIF": lambda: saved(noise(300, 200), "JPEG", exif=b"Exif\0\0" + CANARY),
    "GIF and HTML": lambda: _PLAIN["GIF"] + b"<html>" + CANARY,
    "PNG and ZIP": lambda: _PLAIN["PNG"] + _zip(),
    "JPEG and PHP": lambda: _PLAIN["JPEG"] + b"<?php system($_GET['x']); ?>" + CANARY,
    "WebP and JavaScript": lambda: _PLAIN["WEBP"] + b"*/=1;" + CANARY,
    "GIF that is a script": lambda: saved(
        Image.new("P", (0x2F2A % 300, 30)), "GIF", comment=b"*/=1;" + CANARY
    ),
}
"""Files that the server accepts as pictures, even if they also contain other data."""

NO_PICTURE = "is not a PNG, JPEG, WebP or GIF picture"
TOO_LARGE = "may have at most 4096 pixels a side"
DAMAGED = "is damaged or not complete"

BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', NO_PICTURE),
    "HTML": (lambda: b"<!doctype html>" + CANARY, NO_PICTURE),
    "JavaScript": (lambda: b"alert(1)", NO_PICTURE),
    "text": (lambda: b"hello", NO_PICTURE),
    "zero bytes": (lambda: b"\0" * 5_000, NO_PICTURE),
    "random bytes": (lambda: random.Random(1).randbytes(50_000), NO_PICTURE),
    "HTML, then a GIF": (lambda: CANARY + _PLAIN["GIF"], NO_PICTURE),
    "BMP": (lambda: saved(noise(30, 20), "BMP"), NO_PICTURE),
    "TIFF": (lambda: saved(noise(30, 20), "TIFF"), NO_PICTURE),
    "ICO": (lambda: saved(noise(64, 64), "ICO"), NO_PICTURE),
    "PDF": (lambda: saved(noise(30, 20), "PDF"), NO_PICTURE),
    "EPS": (lambda: saved(noise(30, 20), "EPS"), NO_PICTURE),
    "TGA": (lambda: saved(noise(30, 20), "TGA"), NO_PICTURE),
    "JPEG 2000": (lambda: saved(noise(30, 20), "JPEG2000"), NO_PICTURE),
    "AVIF": (lambda: saved(noise(30, 20), "AVIF"), NO_PICTURE),
    "4097 px wide": (lambda: png(4_097, 1), TOO_LARGE),
    "4097 px high": (lambda: png(1, 4_097), TOO_LARGE),
    "4097 px JPEG": (lambda: saved(Image.new("L", (1, 4_097)), "JPEG"), TOO_LARGE),
    "4097 px WebP": (lambda: saved(Image.new("L", (4_097, 1)), "WEBP"), TOO_LARGE),
    "4097 px GIF": (lambda: saved(Image.new("L", (4_097, 1)), "GIF"), TOO_LARGE),
    "pixel flood": (lambda: png(13_000, 13_700), TOO_LARGE),
    "flood of 65535 px": (lambda: _gif_screen(65_535, 65_535), TOO_LARGE),
    "JPEG of 65500 px": (lambda: _jpeg_of(65_500, 65_500), TOO_LARGE),
    "PNG of 2^31 px": (lambda: png(2**31 - 1, 2**31 - 1, depth=1, rows=0), TOO_LARGE),
    "PNG without pixels": (lambda: png(300, 300, rows=0), DAMAGED),
    "PNG, header only": (lambda: _PLAIN["PNG"][:33], NO_PICTURE),
}
"""Files that are refused, each with the reason."""


def chunks(webp: bytes) -> list[bytes]:
    """Return the names of a WebP file's chunks. Assert that the file ends where its header says."""
    assert (webp[:4], webp[8:12]) == (b"RIFF", b"WEBP")
    assert struct.unpack("<I", webp[4:8])[0] == len(webp) - 8
    names, at = [], 12
    while at < len(webp):
        size = struct.unpack("<I", webp[at + 4 : at + 8])[0]
        names.append(webp[at : at + 4])
        at += 8 + size + size % 2
    assert at == len(webp)
    return names


def check_clean(webp: bytes, size: tuple[int, int] = (256, 256)) -> Image.Image:
    """Assert that a file is one picture of the given size, and nothing else. Return the picture."""
    assert set(chunks(webp)) <= {b"VP8 ", b"VP8L", b"VP8X", b"ALPH"}
    assert CANARY not in webp
    with Image.open(io.BytesIO(webp)) as image:
        assert (image.format, image.size, getattr(image, "n_frames", 1)) == ("WEBP", size, 1)
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(image.info)
        assert not image.getexif()
        return image.convert("RGBA")


class MemoryPeak:
    """Measures the growth of the process's peak memory since the block began, in bytes."""

    grown_bytes = 0

    def __enter__(self) -> "MemoryPeak":
        Path("/proc/self/clear_refs").write_text("5")
        self._before = self._peak()
        return self

    def __exit__(self, *_: object) -> None:
        self.grown_bytes = self._peak() - self._before

    def _peak(self) -> int:
        return 1024 * int(
            re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]
        )
