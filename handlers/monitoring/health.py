"""Tells probes whether the process is alive, and whether it should get traffic."""

from handlers.http.base import BaseHandler
from handlers.http.views.problems import Liveness, Readiness
from storage.errors import StoreError


class HealthHandler(BaseHandler):
    """Base of handlers for probes.

    It has no sign-in and no rate limits, so that an answer depends only on the server's state.
    """

    needs_login = False

    async def prepare(self) -> None:
        pass


class LiveHandler(HealthHandler):
    """GET /healthz"""

    async def get(self) -> None:
        answer: Liveness = {"status": "ok", "version": self.services.settings.version}
        self.reply(answer)


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
        answer: Readiness = {"status": problem or "ready"}
        self.reply(answer, 503 if problem else 200)
