"""Pictures of users."""

import logging

from tornado.httputil import HTTPFile, HTTPHeaders, HTTPInputError, parse_body_arguments

from handlers import errors, ids
from handlers.http.base import BaseHandler
from handlers.http.views import people
from handlers.http.views.people import Avatar
from handlers.security.pictures import CONTENT_TYPE
from storage.errors import NotFound, StoreUnavailable

MAX_FILE_BYTES = 2 << 20
_MULTIPART_BYTES = 16 << 10
_FIELD = "avatar"

_log = logging.getLogger(__name__)


class AvatarHandler(BaseHandler):
    """POST, DELETE /user/avatar"""

    body_bytes = MAX_FILE_BYTES + _MULTIPART_BYTES

    async def post(self) -> None:
        file = self._file()
        if wait := self.services.limiters.pictures.wait_s(self.me.id):
            raise errors.rate_limited(wait, "Too many pictures.")
        services, user = self.services, self.me
        image = await services.pictures.clean(file, user.id, is_whole=services.avatars.wants_whole)
        try:
            stored = await services.avatars.put(user.id, image, services.clock())
        except StoreUnavailable as error:
            _log.warning("a picture could not be kept: %s", error)
            raise
        try:
            replaced = await services.store.set_avatar(
                user.id, stored.url, stored.key, stored.picture
            )
        except NotFound:
            await self._drop(stored.key)
            raise
        await self._changed(user.id)
        answer: Avatar = {"avatar": stored.url}
        self.reply(answer)
        await self._drop(replaced)

    async def delete(self) -> None:
        replaced = await self.services.store.set_avatar(self.me.id, None, None, None)
        await self._changed(self.me.id)
        answer: Avatar = {"avatar": None}
        self.reply(answer)
        await self._drop(replaced)

    async def _changed(self, user_id: str) -> None:
        user = await self.services.store.user(user_id)
        if user:
            self.services.rooms.changes.user_changed(people.participant(user))

    async def _drop(self, key: str | None) -> None:
        """Delete a picture that is no longer shown.

        A failure is only logged, because it wastes only some space.
        """
        if key:
            try:
                await self.services.avatars.drop(key)
            except StoreUnavailable as error:
                _log.warning("the picture %s could not be deleted: %s", key, error)

    def _file(self) -> bytes:
        """Return the uploaded file; raises ApiError 413, 415 or 422."""
        kind, _, parameters = self.request.headers.get("Content-Type", "").partition(";")
        if kind.strip().lower() != "multipart/form-data":
            raise errors.ApiError(
                415,
                "unsupported_media_type",
                "Send the picture as multipart/form-data, in the field avatar.",
            )
        files: dict[str, list[HTTPFile]] = {}
        fields: dict[str, list[bytes]] = {}
        try:
            parse_body_arguments(
                f"multipart/form-data;{parameters}", self.body.bytes(), fields, files, HTTPHeaders()
            )
        except HTTPInputError as error:
            raise errors.ApiError(
                400, "bad_request", "The body is not valid multipart/form-data."
            ) from error
        unknown = sorted((set(files) | set(fields)) - {_FIELD})
        if unknown:
            raise errors.invalid({unknown[0]: ["is not a known field"]})
        given = files.get(_FIELD, [])
        if len(given) != 1 or not given[0].body:
            raise errors.invalid({_FIELD: ["must be one file"]})
        if len(given[0].body) > MAX_FILE_BYTES:
            raise errors.too_large(f"avatar: may have at most {MAX_FILE_BYTES} bytes.")
        return given[0].body


class PictureHandler(BaseHandler):
    """GET /user/:id/avatar. A page shows many pictures, also to visitors without sign-in."""

    needs_login = False
    is_public = True

    async def get(self, user_id: str) -> None:
        picture = await self.services.store.avatar(ids.normalize(user_id))
        if picture is None:
            raise NotFound("picture")
        self.set_header("Content-Type", CONTENT_TYPE)
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("Content-Disposition", 'inline; filename="avatar.webp"')
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.set_header("Cache-Control", "public, max-age=300")
        self.finish(picture.data)
