"""Runs nginx and Caddy in front of a server, with the sample configurations of docs/proxies.

Only a sample's addresses, ports, host name, and paths of certificate and log are replaced. For
faults of a connection, see `tests.proxy`.
"""

import asyncio
import contextlib
import os
import pwd
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from tests import leftovers
from tests.narrowing import required
from tests.processes import free_port
from tests.system_packages import needed_program
from tests.waiting import PATIENCE_S, until

SAMPLES = Path(__file__).parent.parent / "docs" / "proxies"
OUTER = {"nginx": "nginx.conf", "caddy": "Caddyfile"}
INNER = {"nginx": "inner-nginx.conf", "caddy": "inner.Caddyfile"}
_FAST_SHUTDOWN = {"nginx": signal.SIGTERM, "caddy": signal.SIGQUIT}

_NGINX_MAIN = """
daemon off;
master_process off;
pid nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path answers;
    fastcgi_temp_path unused1;
    uwsgi_temp_path unused2;
    scgi_temp_path unused3;
    include {sample};
}}
"""
"""The parts around the sample that a distribution's configuration has. All files are in one folder.
nginx runs as one process, which keeps its environment."""

_CADDY_GLOBALS = """{{
	admin off
	default_bind 127.0.0.1
	http_port {}
	https_port {}
"""
"""Replaces the default ports of Caddy."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A self-signed certificate for 127.0.0.1."""

    file: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificate":
        made = cls(folder / "certificate.pem", folder / "key.pem")
        subprocess.run(
            [needed_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1",
             "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
             "subjectAltName=IP:127.0.0.1",
             "-keyout", str(made.key), "-out", str(made.file)],
            check=True, capture_output=True,
        )  # fmt: skip
        return made

    def trust(self) -> ssl.SSLContext:
        """Return a TLS context of a client that trusts only this certificate."""
        return ssl.create_default_context(cafile=str(self.file))


class ReverseProxy:
    """A proxy as an unprivileged process.

    url        where clients connect, over TLS (an inner proxy has no TLS)
    plain_url  where an outer proxy redirects clients to TLS
    """

    def __init__(
        self, kind: str, target_port: int, certificate: Certificate, *, is_inner: bool = False
    ) -> None:
        self.port, self._plain_port = free_port(), free_port()
        self.url = f"http{'' if is_inner else 's'}://127.0.0.1:{self.port}"
        self.plain_url = f"http://127.0.0.1:{self._plain_port}"
        self._kind = kind
        self._is_inner = is_inner
        self._sample = (INNER if is_inner else OUTER)[kind]
        self._target = f"127.0.0.1:{target_port}"
        self._certificate = certificate
        self._exit = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start the proxy, and wait until it listens."""
        # Not below `tmp_path`, which only its owner may read: the proxy does not run as root.
        self._folder = Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="proxy-")))
        command = self._configured()
        with (self._folder / "output.log").open("wb") as output:
            self._process = self._run(command, output)
        for port in (self.port,) if self._is_inner else (self.port, self._plain_port):
            await until(partial(self._listens, port))

    async def _listens(self, port: int) -> bool:
        assert required(self._process).poll() is None, self._said()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    async def stop(self) -> str:
        """End the proxy, delete its folder, and return its whole log.

        May be called more than once.
        """
        with self._exit:
            if self._process:
                self._process.send_signal(_FAST_SHUTDOWN[self._kind])
                try:
                    await asyncio.to_thread(self._process.wait, PATIENCE_S)
                finally:
                    self._process.kill()
            return self._said()

    @contextlib.asynccontextmanager
    async def asked(
        self, path: str, source: str = "127.0.0.1", **headers: str
    ) -> AsyncIterator[tuple[int, asyncio.StreamReader, asyncio.StreamWriter]]:
        """Send a GET from one of this machine's addresses.

        Yields: the status, and the connection after the headers.
        """
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            self.port,
            local_addr=(source, 0),
            ssl=None if self._is_inner else self._certificate.trust(),
        )
        try:
            lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
            lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
            yield int(head.split()[1]), reader, writer
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def status(self, path: str, source: str = "127.0.0.1", **headers: str) -> int | None:
        """Return the status of an answer, or None if there is no answer."""
        try:
            async with self.asked(path, source, **headers) as (status, _, _):
                return status
        except (OSError, EOFError):
            return None

    def _run(self, command: list[str], output: BinaryIO) -> subprocess.Popen[bytes]:
        """Start a process. A process of uvloop could not run as another user."""
        return subprocess.Popen(
            command, cwd=self._folder, env={"HOME": str(self._folder), **leftovers.environment()},
            **self._unprivileged(), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip

    def _said(self) -> str:
        return "\n".join(path.read_text() for path in self._folder.glob("*.log"))

    def _configured(self) -> list[str]:
        """Write the configuration, and return the command that runs the proxy with it."""
        given = self._certificate
        ours = Certificate(
            *(Path(shutil.copy(path, self._folder)) for path in (given.file, given.key))
        )
        sample = self._folder / self._sample
        sample.write_text(self._adapted((SAMPLES / self._sample).read_text(), ours))
        if self._kind == "caddy":
            return [
                needed_program("caddy"),
                "run",
                "--config",
                str(sample),
                "--adapter",
                "caddyfile",
            ]
        main = self._folder / "main.conf"
        main.write_text(_NGINX_MAIN.format(sample=sample))
        return [needed_program("nginx"), "-e", "stderr", "-p", str(self._folder), "-c", str(main)]

    def _adapted(self, text: str, certificate: Certificate) -> str:
        """Put this machine's addresses, ports and paths into a sample."""
        plain_and_tls = (
            (self.port, self._plain_port) if self._is_inner else (self._plain_port, self.port)
        )
        places = {
            "code.example.org:8080": f"127.0.0.1:{self.port}",
            "10.0.0.2:8080": f"127.0.0.1:{self.port}",
            "10.0.0.1": "127.0.0.1",
            "10.0.0.2": "127.0.0.1",
            "127.0.0.1:5000": self._target,
            "listen 80;": f"listen 127.0.0.1:{self._plain_port};",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "/etc/letsencrypt/live/code.example.org/fullchain.pem": str(certificate.file),
            "/etc/letsencrypt/live/code.example.org/privkey.pem": str(certificate.key),
            "# tls /etc/ssl/certs/code.example.org.pem /etc/ssl/private/code.example.org.key": (
                f"tls {certificate.file} {certificate.key}"
            ),
            "/var/log/nginx/error.log": str(self._folder / "error.log"),
            "code.example.org": "127.0.0.1",
            "\n{\n": "\n" + _CADDY_GLOBALS.format(*plain_and_tls),
        }
        return re.sub(
            "|".join(re.escape(place) for place in places), lambda match: places[match[0]], text
        )

    def _unprivileged(self) -> dict[str, Any]:
        """Return the options to run as the user nobody if this process is root.

        The folder then belongs to nobody.
        """
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        for path in (self._folder, *self._folder.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
