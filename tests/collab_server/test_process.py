"""Tests the serving process, with and without its supervision, on uvloop and on asyncio."""

import asyncio
import gc
import os
import signal
import sys
import weakref
from pathlib import Path

import pytest
import uvloop

from collab_server import process
from collab_server.config import Config, ConfigError
from crdt.wire import y_protocol
from tests.api import Api
from tests.crdt.harness import Typist
from tests.handlers.clients import joined
from tests.processes import ROOT, ServerProcess, free_port
from tests.waiting import until

_MANY = 200_000
_PROGRAM = """
import sys
from collab_server.cli import main
code = main([sys.argv[1], "--port", "0", "--host", "127.0.0.1", "--supervisor", "off"])
print(sorted(name for name in sys.modules if name.startswith("collab_server.supervision.")))
print(sys.getswitchinterval())
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("command", "imported"),
    [("serve", []), ("run", ["allocator", "memory", "safeguards", "supervisor", "watchdog"])],
)
async def test_command_imports_supervision_only_for_run(
    tmp_path: Path, command: str, imported: list[str]
) -> None:
    """`serve` runs a whole server without importing the optional package `supervision`.

    `serve` and `run` both end with code 0 after SIGTERM. In both, threads give the interpreter's
    lock to the event loop after 1 ms.
    """
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, command,
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert server.stdout
    greeting = [await server.stdout.readline(), await server.stdout.readline()]
    server.send_signal(signal.SIGTERM)
    modules, interval_s = (await server.stdout.read()).decode().splitlines()

    assert b"runs on http://127.0.0.1:" in greeting[0]
    assert modules == f"{[f'collab_server.supervision.{name}' for name in imported]}"
    assert float(interval_s) == 0.001
    assert await server.wait() == 0


def test_uvloop_setting_without_uvloop_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """If uvloop is configured but not installed, the error names the setting."""
    assert process.loop_factory(Config()) is uvloop.new_event_loop
    assert process.loop_factory(Config(event_loop="uvloop")) is uvloop.new_event_loop
    assert process.loop_factory(Config(event_loop="asyncio")) is asyncio.new_event_loop

    monkeypatch.setattr(process, "uvloop", None)

    assert process.loop_factory(Config()) is asyncio.new_event_loop
    with pytest.raises(ConfigError, match="COLLAB_EVENT_LOOP is uvloop, which is not installed"):
        process.loop_factory(Config(event_loop="uvloop"))


@pytest.mark.parametrize("event_loop", ["asyncio", "uvloop"])
async def test_serve_process_signs_up_types_and_saves_on_stop(
    tmp_path: Path, event_loop: str
) -> None:
    """A server serves from the first sign-up to a stop, which writes the last typed text."""
    server = ServerProcess(tmp_path / "data", free_port(), COLLAB_EVENT_LOOP=event_loop)
    await server.start()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    first, second = await joined(ada, session_id), await joined(ada, session_id)

    update = y_protocol.sync_update(Typist(5).insert(0, "typed last"))
    await first.send(update)
    assert await second.receive_until(update) == update
    assert await server.terminate() == 0

    await server.start()
    assert (await ada.live(session_id))["code"] == "typed last"
    assert await server.terminate() == 0
    assert server.problems() == []


class _Knot:
    """An object that only the garbage collector can free, because it refers to itself."""

    def __init__(self) -> None:
        self.itself = self


async def test_collection_does_not_look_again_at_what_survived_a_long_one() -> None:
    """A collection of all objects of 2,000 clients held the event loop for 0.3 s."""
    in_use = [_Knot() for _ in range(_MANY)]
    with process.short_collections(asyncio.get_running_loop()):
        gc.collect()
        await until(lambda: len(gc.get_objects(2)) < _MANY // 10)

        more = [_Knot() for _ in range(_MANY)]
        gc.collect()
        await until(lambda: len(gc.get_objects(2)) < _MANY // 10)

    assert len(in_use) == len(more) == _MANY


async def test_new_objects_are_collected_even_if_python_counts_few() -> None:
    """Python counts few new objects while as many old ones are freed.

    A collection then looked at 36,000 objects, and held the event loop for 36 ms.
    """
    in_use = list[_Knot]()
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 1_000_000)
    try:
        with process.short_collections(asyncio.get_running_loop()):
            while len(in_use) < _MANY:
                in_use += [_Knot() for _ in range(2_000)]
                await asyncio.sleep(0)
            await until(lambda: len(gc.get_objects()) < _MANY // 2)
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


async def test_what_was_set_aside_is_freed_later() -> None:
    """Unused objects in cycles stay for ten minutes, not for ever."""
    now_s = 0.0
    in_use = [_Knot() for _ in range(_MANY)]
    freed = weakref.ref(in_use[0])
    with process.short_collections(asyncio.get_running_loop(), lambda: now_s):
        gc.collect()
        await until(lambda: len(gc.get_objects(2)) < _MANY // 10)
        in_use.clear()
        gc.collect()
        assert freed()

        now_s = 601.0
        in_use += [_Knot() for _ in range(_MANY)]
        gc.collect()
        await until(lambda: not freed())


async def test_little_that_was_set_aside_is_not_collected_again() -> None:
    """A collection of all modules alone would hold the event loop of each server for 40 ms."""
    now_s = 0.0
    gc.freeze()
    with process.short_collections(asyncio.get_running_loop(), lambda: now_s):
        unused = [_Knot() for _ in range(_MANY // 8)]
        one_of_them = weakref.ref(unused[0])
        gc.freeze()
        unused.clear()
        now_s = 601.0
        in_use = [_Knot() for _ in range(_MANY // 2)]
        gc.collect()
        await asyncio.sleep(0)  # everything would be collected in this turn of the event loop

        assert one_of_them()
        assert len(gc.get_objects(2)) < len(in_use) // 2
    gc.unfreeze()
