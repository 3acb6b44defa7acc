"""A pytest plugin. A test ends within its time limit, and a run of tests leaves no process.

pytest-timeout knows the limit: `timeout` of setup.cfg, or the mark `timeout` of a longer test. This
plugin starts its own timers. A coroutine is cancelled after a part of the limit. Then its fixtures
are torn down, and its error shows what it waited for. When the whole limit is over, all stacks are
printed and this process ends (pytest-xdist starts another). `tests.leftovers` then ends all
processes that this process had started.

The timers of pytest-timeout are not enough. Their SIGALRM does not interrupt uvloop, and they do
not show the stacks of a process of pytest-xdist.
"""

import asyncio
import faulthandler
import functools
import inspect
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests import leftovers

_LIMIT_S = pytest.StashKey[float]()
_SHARE_OF_COROUTINES = 0.75
"""The part of the limit after which a coroutine is cancelled.

The remaining part is for tearing down."""
_INTERPRETER_END_S = 60
"""The seconds that the interpreter may take to end after the run. Without this limit, a thread that
never ends would keep the interpreter running."""
_RUN_END_S = 600
"""The seconds that plugins may take after the last test. pytest removes the folders of earlier
runs, which may be gigabytes."""


class RunLimits:
    """The plugin. Each process that pytest-xdist starts has its own."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._watcher = leftovers.Watcher()
        self._left: list[str] = []
        assert sys.__stderr__
        self._errors = os.dup(sys.__stderr__.fileno())

    @pytest.hookimpl(tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> bool:
        """Start the timer of a test and its fixtures.

        The timer needs neither the event loop nor the interpreter.
        """
        item.stash[_LIMIT_S] = settings.timeout
        faulthandler.dump_traceback_later(settings.timeout, exit=True, file=self._errors)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_timeout_cancel_timer(self) -> bool:
        """Stop the timer of a test."""
        faulthandler.cancel_dump_traceback_later()
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Cancel a test that is a coroutine before the test's limit is over."""
        limit_s = item.stash.get(_LIMIT_S, None)
        if limit_s and isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.obj = _limited(item.obj, limit_s * _SHARE_OF_COROUTINES)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Note the commands of leftover processes that another process of pytest-xdist found."""
        self._left += getattr(node, "workeroutput", {}).get("left", [])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that left processes."""
        # The main process of pytest-xdist runs no tests itself.
        if not self._config.pluginmanager.hasplugin("dsession"):
            self._left += leftovers.end(leftovers.marked(self._watcher.mark) - {self._watcher.pid})
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput["left"] = self._left
        else:
            faulthandler.dump_traceback_later(_RUN_END_S, exit=True, file=self._errors)
        if self._left and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the commands of the processes that were left."""
        for command in self._left:
            terminalreporter.write_line(f"a test left a process: {command}", red=True)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """End the watcher and all remaining processes."""
        self._watcher.close()
        if not hasattr(self._config, "workeroutput"):
            faulthandler.dump_traceback_later(_INTERPRETER_END_S, exit=True, file=self._errors)


def _limited(
    test: Callable[..., Awaitable[None]], limit_s: float
) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def limited(*arguments: Any, **fixtures: Any) -> None:
        __tracebackhide__ = True
        limit = asyncio.timeout(limit_s)
        try:
            async with limit:
                await test(*arguments, **fixtures)
        except TimeoutError as error:
            if limit.expired():
                raise AssertionError(f"the test was not done after {limit_s:g} s") from error
            raise

    return limited
