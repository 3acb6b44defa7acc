"""Is the process alive, and should it get traffic?"""

from handlers.http.base import BaseHandler
from storage.errors import StoreError


class HealthHandler(BaseHandler):
    """What probes need: no sign-in, no rate limit, nothing in the way."""

    needs_login = False

    async def prepare(self) -> None:
        pass


class LiveHandler(HealthHandler):
    """GET /healthz"""

    async def get(self) -> None:
        self.reply({"status": "ok", "version": self.services.settings.version})


class ReadyHandler(HealthHandler):
    """GET /readyz"""

    async def get(self) -> None:
        problem = None
        if self.services.is_draining():
            problem = "stopping"
        elif self.services.rooms.writer.is_failing:
            problem = "the store cannot be written"
        else:
            try:
                await self.services.store.ping()
            except StoreError:
                problem = "the store does not answer"
        self.reply({"status": problem or "ready"}, 503 if problem else 200)
