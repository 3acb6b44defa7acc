"""Keeps the pictures of users, either at Cloudinary or in the store itself.

Cloudinary's SDK is synchronous, and has no time-out for a whole call. So its calls run in daemon
threads, which do not stop the process from ending. The task that waits for such a thread has its
own time-out.
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
    """A picture that `Avatars.put` has kept.

    url      the picture's address
    key      the key by which `Avatars.drop` deletes it; None if the store keeps it
    picture  the row that the store has to keep; None if another place keeps the picture
    """

    url: str
    key: str | None = None
    picture: Avatar | None = None


class Avatars(Protocol):
    """A place for pictures.

    wants_whole  true if `put` crops pictures itself, so that callers must not crop them before
    """

    wants_whole: bool

    async def put(self, user_id: str, image: bytes, now: int) -> StoredPicture:
        """Keep a checked picture of a user; the previous one stays until `drop`.

        Raises StoreUnavailable.
        """

    async def drop(self, key: str) -> None:
        """Delete a picture by its key. Raises StoreUnavailable."""


class StoredAvatars:
    """Keeps pictures as rows of the store, which `/user/:id/avatar` serves."""

    wants_whole = False

    async def put(self, user_id: str, image: bytes, now: int) -> StoredPicture:
        digest = hashlib.sha256(image).hexdigest()[:_DIGEST_CHARACTERS]
        return StoredPicture(
            f"/user/{user_id}/avatar?v={digest}", picture=Avatar(user_id, image, now)
        )

    async def drop(self, key: str) -> None:
        """Do nothing: the store replaces the picture together with its address."""


class CloudinaryAvatars:
    """Keeps pictures at Cloudinary, which crops them to the face.

    url        cloudinary://key:secret@cloud, perhaps with ?upload_prefix=https://…
    timeout_s  seconds that each call may take
    """

    wants_whole = True

    def __init__(self, url: str, timeout_s: float, new_name: Callable[[], str]) -> None:
        # imported here, because the import makes the SDK read CLOUDINARY_URL
        import cloudinary.uploader  # noqa: PLC0415

        self._sdk = cloudinary.uploader
        self._options = _options(url)
        self._timeout_s = timeout_s
        self._new_name = new_name
        self._under_way = 0
        # the SDK's pool has one connection, and urllib3 warns of each additional connection
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
        """Run a call of the SDK in a thread.

        undo  called in the same thread if the call succeeds after the time-out

        Raises StoreUnavailable if the call fails or has not ended at the time-out.
        """
        if self._under_way >= _MAX_CALLS:
            raise StoreUnavailable("Cloudinary: too many calls are running")
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
            # The SDK raises its own Error, urllib3's and ValueError alike.
            except Exception as error:
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
    """Return the options in a CLOUDINARY_URL, as the SDK's calls want them."""
    parts = urlsplit(url)
    return {
        **dict(parse_qsl(parts.query)),
        "cloud_name": parts.netloc.rpartition("@")[2],
        "api_key": unquote(parts.username or ""),
        "api_secret": unquote(parts.password or ""),
    }
