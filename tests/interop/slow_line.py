"""A TCP line to a server, with delays or a limited rate."""

import asyncio
import contextlib
import random
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_PIECE_BYTES = 4096
_AHEAD = 32
"""The largest number of pieces on their way. Then reading stops, as with a modem's full buffers."""


class SlowLine:
    """Listens on `url` while its context is open, and passes connections on to the target.

    delay_s      (shortest, longest) delay of each piece; the pieces keep their order
    bytes_per_s  the highest rate of data from the server
    """

    def __init__(
        self,
        target: str,
        *,
        delay_s: tuple[float, float] = (0.0, 0.0),
        bytes_per_s: float | None = None,
    ) -> None:
        place = urlsplit(target)
        self._target = (place.hostname, place.port)
        self._delay_s = delay_s
        self._bytes_per_s = bytes_per_s
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        up_reader, up_writer = await asyncio.open_connection(*self._target, limit=_PIECE_BYTES)
        try:
            await asyncio.gather(
                self._pass(reader, up_writer, None),
                self._pass(up_reader, writer, self._bytes_per_s),
            )
        except asyncio.CancelledError:
            pass  # the line has been closed; asyncio would log the cancelled task
        finally:
            for stream in (writer, up_writer):
                stream.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bytes_per_s: float | None
    ) -> None:
        """Pass each piece on when its delay is over."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_AHEAD)

        async def deliver() -> None:
            while True:
                due, piece = await queue.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not piece:
                    with contextlib.suppress(OSError):
                        writer.write_eof()
                    return
                writer.write(piece)
                await writer.drain()

        delivering = asyncio.create_task(deliver())
        due = 0.0
        try:
            while True:
                piece = await reader.read(_PIECE_BYTES)
                due = max(due, loop.time() + random.uniform(*self._delay_s))
                due += len(piece) / bytes_per_s if bytes_per_s else 0.0
                await queue.put((due, piece))
                if not piece:
                    break
            await delivering
        except ConnectionError:
            pass
        finally:
            delivering.cancel()
