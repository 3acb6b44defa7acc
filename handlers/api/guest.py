"""Lets guests in, who need only a name and an invite."""

from handlers import errors, ids
from handlers.access import count_entry, find_invite
from handlers.api.auth import AuthHandlerBase
from handlers.http import schemas
from handlers.http.views.people import GuestSignedIn
from storage.errors import NotFound
from storage.records import User


class GuestHandler(AuthHandlerBase):
    """POST /user/guest"""

    needs_login = False
    counts_itself = True

    async def post(self) -> None:
        body = self.read(schemas.GUEST)
        services, now = self.services, self.services.clock()
        invite = await find_invite(services, body["invite"], self.address)
        count_entry(services, invite, self.address, is_guest=True)
        guest = User(
            id=ids.new_id(services.random_bytes),
            username=body["name"],
            email=None,
            password_hash=None,
            full_name="",
            avatar=None,
            is_guest=True,
            created_at=now,
            guest_of=invite.session_id,
        )
        login, token = self.new_login(guest.id)
        try:
            member = await services.store.add_guest(
                guest, login, invite.secret_hash, services.settings.members
            )
        except NotFound:
            raise errors.bad_invite() from None
        answer: GuestSignedIn = {
            **self.sign_in(guest, token),
            "sessionId": member.session_id,
            "role": member.role,
        }
        self.reply(answer, 201)
