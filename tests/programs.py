"""Starts programs in the same way as a reader of the documentation, and reads their output."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from collab_server.config import all_settings
from tests import watchdogs
from tests.waiting import PATIENCE_S


class Program:
    """A program whose output is read while it runs.

    It leads a group of processes, like a program that was started in a terminal.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.output = ""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        while text := await self.process.stdout.read(4096):
            self.output += text.decode()

    def type(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program and all its children, like Ctrl-C in a terminal."""
        os.killpg(self.process.pid, number)

    async def end(self) -> int:
        """Wait until the program and its children have ended, and return its exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.shield(self._reading)  # `stop` waits for this task again
            return await self.process.wait()


class Programs:
    """Programs that are started in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[Program] = []

    async def start(self, *command: str, **variables: str) -> Program:
        """Start a program with additional variables. It inherits no settings of a server."""
        settings = {setting.variable for setting in all_settings()}
        inherited = {name: value for name, value in os.environ.items() if name not in settings}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env={**inherited, "http_proxy": "", "no_proxy": "*", **variables},
            stdin=pipe,
            stdout=pipe,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        program = Program(process)
        self._running.append(program)
        return program

    async def run(self, *command: str, **variables: str) -> str:
        """Run a program, assert that it succeeds, and return its output."""
        program = await self.start(*command, **variables)
        assert await program.end() == 0, program.output
        return program.output

    async def stop(self) -> None:
        """End all programs that still run."""
        for program in self._running:
            if program.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):  # it has ended in this moment
                    program.signal(signal.SIGKILL)
            await program.end()
        assert not [
            stack for program in self._running for stack in watchdogs.stacks(program.output)
        ]
