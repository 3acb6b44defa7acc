"""Tests the pages of the isolated frame, and the files that it loads."""

import gzip
import json
import re
from pathlib import Path

import pytest

from handlers.running import frame
from tests.api import Api
from tests.handlers.clients import exchange
from tests.narrowing import required
from tests.processes import ROOT

RUN = ROOT / "static" / "dist" / "run"
WASM = "/static/run/pyodide-314.0.7/pyodide.asm.wasm"


def stored() -> list[str]:
    """Return the addresses of all files of the frame."""
    return [f"/static/run/{path.relative_to(RUN).with_suffix('')}" for path in RUN.glob("*/*.gz")]


@pytest.mark.parametrize("path", ["/run/", "/run/preview"])
async def test_frame_page_has_no_origin_and_loads_own_files_only(api: Api, path: str) -> None:
    """The policy puts the page into a sandbox, and names this server's folder with its host."""
    answer = await api.get(path)
    parts = answer.headers["Content-Security-Policy"].split("; ")
    policy = dict(part.partition(" ")[::2] for part in parts)

    assert answer.status == 200
    assert policy["sandbox"] == "allow-scripts"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert policy["script-src"].startswith(f"{api.url}/static/run/ blob:")
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    (script,) = re.findall(r'src="([^"]+)"', answer.body.decode())
    assert (await api.get(script)).status == 200


async def test_frame_policy_allows_workers_and_no_other_connections(api: Api) -> None:
    """Programs run in workers made of blobs. The only connections are to the runtimes."""
    policy = (await api.get("/run/")).headers["Content-Security-Policy"]

    assert "worker-src blob:;" in policy
    assert f"connect-src {api.url}/static/run/;" in policy
    assert "'wasm-unsafe-eval'" in policy
    assert "unsafe-inline" not in policy


async def test_preview_policy_allows_no_connections(api: Api) -> None:
    """A user's page may contain scripts and styles, but cannot reach any host."""
    policy = (await api.get("/run/preview")).headers["Content-Security-Policy"]

    assert "connect-src" not in policy
    assert "frame-src" not in policy
    assert "require-trusted-types-for 'script'; trusted-types default;" in policy
    assert "https:" not in policy.replace(api.url, "")


async def test_app_page_may_show_frames_of_own_origin(api: Api) -> None:
    assert "; frame-src 'self';" in (await api.get("/")).headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", stored())
async def test_runtime_file_is_sent_as_stored(api: Api, path: str) -> None:
    """A page without an origin may read each file, and caches may keep it for ever."""
    file = RUN / f"{path.removeprefix('/static/run/')}.gz"
    question = f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode()

    answer = required(await exchange(api.url, question))

    assert answer.status == 200
    assert answer.body == file.read_bytes()
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_runtime_file_is_decompressed_for_client_without_gzip(api: Api) -> None:
    answer = await api.get(WASM, headers={"Accept-Encoding": "identity"})

    assert answer.headers["Content-Type"] == "application/wasm"
    assert "Content-Encoding" not in answer.headers
    stored_bytes = (RUN / f"{WASM.removeprefix('/static/run/')}.gz").read_bytes()
    assert answer.body == gzip.decompress(stored_bytes)


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "assets/nothing.js",
        "../index",
        "assets/../pyodide-314.0.7/LICENSE.txt",
        "x/.y",
    ],
)
async def test_names_of_other_files_are_not_found(api: Api, name: str) -> None:
    """Only files of the frame are served, by their own names."""
    assert (await api.get(f"/static/run/{name}")).status == 404


async def test_every_stored_file_has_a_type() -> None:
    """Each kind of file that the build stores has a content type."""
    kinds = {Path(path).suffix for path in stored()}

    assert kinds <= set(frame._TYPES)


def test_folders_of_runtimes_name_the_installed_versions() -> None:
    """If a folder kept its name with new content, every cache would have the wrong files."""
    packages = json.loads((ROOT / "static" / "package.json").read_text())["dependencies"]
    folders = {path.name for path in RUN.iterdir() if path.is_dir()} - {"assets"}

    assert folders == {f"{name}-{packages[name]}" for name in ("pyodide", "sql.js", "wasmoon")}


@pytest.mark.parametrize("host", ["evil.example.org; script-src *", "a'b", "x" * 300])
async def test_frame_page_keeps_host_header_out_of_its_policy(
    api: Api, host: str, expect_log
) -> None:
    """A Host header that is no host is not in the policy."""
    expect_log("tornado.general")

    answer = await exchange(api.url, f"GET /run/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    if answer is not None and answer.status == 200:
        policy = answer.headers["content-security-policy"]
        assert policy.count("script-src") == 1
        assert "script-src *" not in policy
