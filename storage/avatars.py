"""Where pictures of users are kept: at Cloudinary, or by the store itself.

Cloudinary's SDK is synchronous, and has no time-out for a whole call. So it runs in threads, which
do not keep the process from ending, and the task that waits for a thread stops waiting after a time
of its own.
"""

import asyncio
import contextlib
import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from storage.errors import StoreUnavailable
from storage.records import Avatar

_SIDE_PX = 256
_FOLDER = "collab-avatars"
_MAX_CALLS = 16
_DIGEST_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture that is kept now: its address, the key to delete it by, and the row for the store,
    if it needs one.
    """

    url: str
    key: str | None = None
    picture: Avatar | None = None


class Avatars(Protocol):
    """A place for pictures.

    wants_whole  pictures must not be cropped before `put`, because this place crops them
    """

    wants_whole: bool

    async def put(self, user_id: str, image: bytes, now: int) -> StoredPicture:
        """Keep a checked picture of a user; the previous one stays until `drop`.

        Raises StoreUnavailable.
        """

    async def drop(self, key: str) -> None:
        """Delete a picture by its key. Raises StoreUnavailable."""


class StoredAvatars:
    """Pictures as rows of the store, served from `/user/:id/avatar`."""

    wants_whole = False

    async def put(self, user_id: str, image: bytes, now: int) -> StoredPicture:
        digest = hashlib.sha256(image).hexdigest()[:_DIGEST_CHARACTERS]
        return StoredPicture(
            f"/user/{user_id}/avatar?v={digest}", picture=Avatar(user_id, image, now)
        )

    async def drop(self, key: str) -> None:
        """Do nothing: the store replaces the picture together with its address."""


class CloudinaryAvatars:
    """Pictures at Cloudinary, which crops them to the face.

    url        cloudinary://key:secret@cloud, perhaps with ?upload_prefix=https://…
    timeout_s  for each call
    """

    wants_whole = True

    def __init__(self, url: str, timeout_s: float, new_name: Callable[[], str]) -> None:
        # imported late: the SDK reads CLOUDINARY_URL from the environment as it is imported
        import cloudinary.uploader  # noqa: PLC0415

        self._sdk = cloudinary.uploader
        self._options = _options(url)
        self._timeout_s = timeout_s
        self._new_name = new_name
        self._under_way = 0
        # the SDK pools one connection, and urllib3 warns of each further one
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

    async def put(self, user_id: str, image: bytes, now: int) -> StoredPicture:
        key = f"{_FOLDER}/{user_id}/{self._new_name()}"
        face = {"width": _SIDE_PX, "height": _SIDE_PX, "crop": "thumb", "gravity": "face"}
        answer = await self._call(
            partial(
                self._sdk.upload,
                ("avatar.webp", image),
                public_id=key,
                transformation=[face],
                overwrite=False,
            ),
            undo=partial(self._sdk.destroy, key),
        )
        url = answer.get("secure_url")
        if not isinstance(url, str) or not url.startswith("https://"):
            raise StoreUnavailable("Cloudinary: an answer without secure_url")
        return StoredPicture(url, key)

    async def drop(self, key: str) -> None:
        await self._call(partial(self._sdk.destroy, key, invalidate=True))

    async def _call(
        self, work: Callable[..., Any], undo: Callable[..., Any] | None = None
    ) -> Mapping[str, Any]:
        """Run a call of the SDK in a thread; raises StoreUnavailable,
        at the latest after the time-out.

        undo  called in the same thread, if the call succeeds when nobody waits for it any longer
        """
        if self._under_way >= _MAX_CALLS:
            raise StoreUnavailable("Cloudinary: too many calls are under way")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Mapping[str, Any]] = loop.create_future()
        given_up = threading.Event()
        options = {**self._options, "timeout": self._timeout_s}

        def run() -> None:
            result: Any
            try:
                result = work(**options)
                if given_up.is_set() and undo:
                    undo(**options)
            except (
                Exception
            ) as error:  # the SDK raises its own Error, urllib3's and ValueError alike
                result = error
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._done, answer, result)

        self._under_way += 1
        threading.Thread(target=run, name="cloudinary", daemon=True).start()
        try:
            async with asyncio.timeout(self._timeout_s):
                result = await answer
        except TimeoutError as error:
            given_up.set()
            raise StoreUnavailable(f"Cloudinary: no answer within {self._timeout_s:g} s") from error
        if isinstance(result, Exception):
            raise StoreUnavailable(f"Cloudinary: {result}") from result
        if not isinstance(result, dict):
            raise StoreUnavailable("Cloudinary: an answer that is no object")
        return result

    def _done(self, answer: "asyncio.Future[Any]", result: Any) -> None:
        self._under_way -= 1
        if not answer.done():
            answer.set_result(result)


def _options(url: str) -> dict[str, str]:
    """Return the options for calls of the SDK that a CLOUDINARY_URL holds."""
    parts = urlsplit(url)
    return {
        **dict(parse_qsl(parts.query)),
        "cloud_name": parts.netloc.rpartition("@")[2],
        "api_key": unquote(parts.username or ""),
        "api_secret": unquote(parts.password or ""),
    }
