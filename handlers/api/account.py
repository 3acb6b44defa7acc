"""A user's own account: name, password, logins, and deleting it."""

import logging
from functools import partial

from crdt.room.closing import CloseReason
from handlers import errors
from handlers.api.logins.login_base import AuthHandlerBase
from handlers.http import notifications, schemas
from handlers.http.views import people
from handlers.http.views.people import Logins, PasswordChanged, Usage
from handlers.mail import letters
from handlers.mail.letters import Letter
from handlers.security.passwords import own_names
from handlers.services import Services
from storage.errors import NotFound, StoreUnavailable
from storage.people import AccountDeletion
from storage.records import Role, User

_KEEP_SESSIONS = "transfer"

_log = logging.getLogger(__name__)


class MeHandler(AuthHandlerBase):
    """GET, PATCH, DELETE /user/me"""

    async def get(self) -> None:
        self.reply(people.user(self.me))

    async def patch(self) -> None:
        schema = schemas.GUEST_ME if self.me.is_guest else schemas.ME
        username = self.read(schema)["username"]
        user = await self.services.store.rename_user(self.me.id, username)
        self.services.rooms.changes.user_changed(people.participant(user))
        self.reply(people.user(user))

    async def delete(self) -> None:
        body = self.read(schemas.DELETE_ME)
        if not self.me.is_guest:
            await self.check_password(body.get("password"), "password")
        services, user = self.services, self.me
        deletes_sessions = body.get("sessions", _KEEP_SESSIONS) != _KEEP_SESSIONS
        deletion = await services.store.delete_user(
            user.id, services.clock(), deletes_sessions=deletes_sessions
        )
        tell_rooms(services, user.id, deletion)
        self.clear_cookies()
        self.set_status(204)
        self.finish()
        if deletion.avatar_key:
            await self._drop_avatar(deletion.avatar_key)

    async def _drop_avatar(self, key: str) -> None:
        try:
            await self.services.avatars.drop(key)
        except StoreUnavailable as error:
            _log.warning("the picture %s of a deleted account stays: %s", key, error)


def tell_rooms(services: Services, user_id: str, deletion: AccountDeletion) -> None:
    """Tell open rooms what the deletion of an account has changed."""
    changes = services.rooms.changes
    changes.logins_ended(deletion.logins, CloseReason.ACCOUNT_DELETED)
    for session_id in deletion.memberships:
        changes.member_gone(session_id, user_id, CloseReason.MEMBER_DELETED_ACCOUNT)
    for session_id, successor in deletion.inherited.items():
        changes.role_changed(session_id, successor, Role.OWNER)
        services.connections.tell(session_id, notifications.SESSION_CHANGED)
    for session_id in deletion.deleted:
        changes.session_deleted(session_id)


class UsageHandler(AuthHandlerBase):
    """GET /user/usage"""

    async def get(self) -> None:
        quota = self.services.rooms.storage_quota
        usage = await self.services.store.usage(self.me.id)
        answer: Usage = {
            "bytes": usage.bytes,
            "maxBytes": quota.max_bytes,
            "sessions": usage.sessions,
            "maxSessions": quota.max_sessions,
            "isNearlyFull": quota.is_near(usage),
        }
        self.reply(answer)


class PasswordHandler(AuthHandlerBase):
    """POST /user/password"""

    async def post(self) -> None:
        body = self.read(schemas.PASSWORD)
        services, user = self.services, self.me
        services.passwords.check_rules(body["newPassword"], *own_names(user), field="newPassword")
        await self.check_password(body["currentPassword"], "currentPassword")
        hashed = await services.passwords.hash(body["newPassword"], self.address)
        ended = await services.store.set_password(
            user.id, hashed, self.login_id, known_hash=user.password_hash
        )
        services.rooms.changes.logins_ended(ended, CloseReason.LOGGED_OUT)
        answer: PasswordChanged = {
            "message": "Password changed. You were signed out everywhere else.",
            "ended": len(ended),
        }
        self.reply(answer)


class EmailHandler(AuthHandlerBase):
    """POST /user/email"""

    async def post(self) -> None:
        body = self.read(schemas.EMAIL)
        services, user = self.services, self.me
        if user.is_guest:
            raise errors.forbidden("A guest has no e-mail address: sign up to have one.")
        email = body["email"].casefold()
        await self.check_password(body["password"], "password")
        # Without this limit, a user could soon find out which addresses have accounts.
        if wait := services.limiters.mails.wait_s(user.id):
            raise errors.rate_limited(wait, "You changed your e-mail address too often.")
        changed = await services.store.set_email(
            user.id, email, known_hash=user.password_hash or ""
        )
        if user.email and user.email != email:
            services.outbox.post(partial(_told, user, email, services.settings.public_url))
        self.reply(people.user(changed))


async def _told(user: User, email: str, public_url: str) -> Letter:
    """Return the mail to a user's old address that names the new address."""
    return letters.changed_email(user.username, user.email or "", email, public_url)


class LoginsHandler(AuthHandlerBase):
    """GET, DELETE /user/logins"""

    async def get(self) -> None:
        logins = await self.services.store.logins(self.me.id, self.services.clock())
        answer: Logins = {
            "items": [people.login(login, self.login_id) for login in logins],
            "next": None,
        }
        await self.reply_in_pieces(answer)

    async def delete(self) -> None:
        ended = await self.services.store.end_other_logins(self.me.id, self.login_id)
        self.services.rooms.changes.logins_ended(ended, CloseReason.LOGGED_OUT)
        self.set_status(204)


class LoginByIdHandler(AuthHandlerBase):
    """DELETE /user/logins/:id"""

    async def delete(self, login_id: str) -> None:
        services = self.services
        logins = await services.store.logins(self.me.id, services.clock())
        if login_id not in {login.id for login in logins}:
            raise NotFound("login")
        await services.store.end_login(login_id)
        services.rooms.changes.logins_ended([login_id], CloseReason.LOGGED_OUT)
        if login_id == self.login_id:
            self.clear_cookies()
        self.set_status(204)
