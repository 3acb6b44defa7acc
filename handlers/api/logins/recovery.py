"""A forgotten password: a link by e-mail, and a new password by that link."""

from functools import partial

from crdt.room.closing import CloseReason
from handlers import errors
from handlers.api.logins.login_base import DEVICE_COOKIE, AuthHandlerBase, account_of
from handlers.http import schemas
from handlers.http.base import BaseHandler
from handlers.http.views.people import PasswordChanged
from handlers.http.views.problems import Confirmation, Features
from handlers.mail import letters
from handlers.mail.letters import Letter
from handlers.security.passwords import own_names
from handlers.security.tokens import reset_hash
from handlers.services import Services
from storage.errors import NotFound

RESET_MS = 3_600_000
"""Milliseconds for which a link is valid: long enough for a slow mail server."""


class FeaturesHandler(BaseHandler):
    """GET /features"""

    needs_login = False
    is_public = True

    def get(self) -> None:
        services = self.services
        answer: Features = {
            "passwordReset": services.outbox.can_send,
            "remoteRuns": services.runner is not None,
        }
        self.reply(answer)


class ForgotHandler(AuthHandlerBase):
    """POST /user/password/forgot"""

    needs_login = False
    counts_itself = True

    async def post(self) -> None:
        services = self.services
        email = self.read(schemas.FORGOT)["email"].casefold()
        if not services.outbox.can_send:
            raise errors.ApiError(
                404, "not_found", "This server sends no mail. Ask the people who run it for help."
            )
        self._count(email)
        # The account is looked up after the answer. So neither the answer nor its time shows
        # whether the account exists.
        if not services.outbox.post(partial(_letter, services, email)):
            raise errors.unavailable("Too many mails are waiting.")
        answer: Confirmation = {
            "message": "If an account has this address, a mail with a link is on its way."
        }
        self.reply(answer, 202)

    def _count(self, email: str) -> None:
        """Count a mail for the requesting network address and the account; raises ApiError 429."""
        limiters = self.services.limiters
        if wait := limiters.address_mails.wait_s(self.address):
            raise errors.rate_limited(wait, "Too many links were requested from your network.")
        if wait := limiters.mails.wait_s(email):
            limiters.address_mails.refund(self.address)
            raise errors.rate_limited(wait, "Too many links were requested for this address.")


class ResetHandler(AuthHandlerBase):
    """POST /user/password/reset"""

    needs_login = False
    counts_itself = True

    async def post(self) -> None:
        body = self.read(schemas.RESET)
        services, token_hash = self.services, reset_hash(body["token"])
        user = await services.store.user_of_reset(token_hash, services.clock())
        if user is None:
            await self.count_failure()
            raise _bad_link()
        services.passwords.check_rules(body["newPassword"], *own_names(user), field="newPassword")
        hashed = await services.passwords.hash(body["newPassword"], self.address)
        try:
            ended = await services.store.use_reset(token_hash, hashed, services.clock())
        except NotFound:  # another request was faster
            raise _bad_link() from None
        services.rooms.changes.logins_ended(ended, CloseReason.LOGGED_OUT)
        device = services.known_devices.mark(self.get_cookie(DEVICE_COOKIE, ""), user.id)
        tries = services.password_tries
        tries.forgive(tries.attempt(account_of(user), self.address, device))
        answer: PasswordChanged = {
            "message": "Password changed. You were signed out everywhere.",
            "ended": len(ended),
        }
        self.reply(answer)


async def _letter(services: Services, email: str) -> Letter | None:
    """Return the mail with a new token; None if no account has the address.

    Raises StoreError.
    """
    user = await services.store.user_by_name(email)
    if user is None or not user.email or user.email.casefold() != email:
        return None
    token = services.tokens.new_reset_token()
    await services.store.add_reset(reset_hash(token), user.id, services.clock() + RESET_MS)
    return letters.forgotten_password(
        user.username, user.email, services.settings.public_url, token
    )


def _bad_link() -> errors.ApiError:
    return errors.ApiError(
        404, "not_found", "This link was used already, or has expired. Ask for a new one."
    )
