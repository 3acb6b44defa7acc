"""Tests of reading the answers of a service that runs programs."""

import asyncio
from typing import Any

import pytest

from crdt.history.runs import MAX_OUTPUT_BYTES
from handlers.errors import ApiError
from handlers.runner.piston import Result, Runner, check_url, result_of
from storage.runs.records import Outcome
from tests.waiting import until


def ended(**fields: Any) -> dict[str, Any]:
    return {"run": {"stdout": "1\n", "stderr": "", "code": 0, "signal": None, **fields}}


@pytest.mark.parametrize(
    ("fields", "outcome", "exit_status"),
    [
        ({}, Outcome.DONE, 0),
        ({"code": 2}, Outcome.FAILED, 2),
        ({"code": None, "signal": "SIGKILL"}, Outcome.TIMEOUT, None),
        ({"code": None, "signal": "SIGKILL", "status": "TO"}, Outcome.TIMEOUT, None),
        ({"code": None, "signal": "SIGKILL", "status": "OL"}, Outcome.FAILED, None),
        ({"code": 139, "signal": "SIGSEGV"}, Outcome.FAILED, None),
        ({"code": None}, Outcome.FAILED, None),
    ],
)
def test_end_of_program_has_outcome_and_exit_status(
    fields: dict[str, Any], outcome: Outcome, exit_status: int | None
) -> None:
    assert result_of(ended(**fields)) == Result(outcome, exit_status, "1\n", "", is_cut=False)


@pytest.mark.parametrize(
    ("told", "read"),
    [(12_345_678, 12_345_678), (None, None), (0, None), (-1, None), (True, None), ("9", None),
     (1.5, None), (1 << 60, None)],
)  # fmt: skip
def test_memory_is_a_number_of_bytes_or_not_known(told: object, read: int | None) -> None:
    assert result_of(ended(memory=told)).memory_bytes == read


def test_program_that_was_not_compiled_has_the_errors_of_the_compiler() -> None:
    stage = {"stdout": "", "stderr": "main.c:1: error", "code": 1, "signal": None}

    result = result_of({"compile": stage})

    assert (result.outcome, result.stderr) == (Outcome.FAILED, "main.c:1: error")


def test_half_characters_and_nul_are_replaced() -> None:
    assert result_of(ended(stdout="a\ud83d\0b")).stdout == "a\ufffd\u2400b"


@pytest.mark.parametrize(("printed", "failed"), [(70_000, 10), (10, 70_000), (70_000, 70_000)])
def test_outputs_are_cut_to_their_limit_together(printed: int, failed: int) -> None:
    """The beginnings of both outputs are kept. No character is cut in half."""
    result = result_of(ended(stdout="é" * printed, stderr="é" * failed))

    size = len(result.stdout.encode()) + len(result.stderr.encode())
    assert result.is_cut
    assert MAX_OUTPUT_BYTES - 4 < size <= MAX_OUTPUT_BYTES
    assert set(result.stdout) == set(result.stderr) == {"é"}


@pytest.mark.parametrize(
    "answer",
    [None, [], "x", {}, {"run": None}, {"run": "x"}, ended(stdout=7), ended(stderr=None),
     ended(code="0"), ended(code=True)],
)  # fmt: skip
def test_answer_of_another_form_is_503(answer: object) -> None:
    with pytest.raises(ApiError) as caught:
        result_of(answer)

    assert (caught.value.status, caught.value.code) == (503, "unavailable")


@pytest.mark.parametrize("url", ["", "http://runner:2000/api/v2/execute", "https://[::1]/run"])
def test_address_of_a_service_is_accepted(url: str) -> None:
    check_url(url, "THE_URL")


@pytest.mark.parametrize("url", ["runner:2000", "ftp://runner/", "http://", "/api"])
def test_other_address_is_refused_with_name_of_setting(url: str) -> None:
    with pytest.raises(ValueError, match="THE_URL must look like"):
        check_url(url, "THE_URL")


async def test_users_who_ask_for_languages_together_share_one_request() -> None:
    """A service that is slow to answer gets one request. The first user leaves meanwhile."""
    questions, may_answer = list[bytes](), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        questions.append(await reader.readuntil(b"\r\n\r\n"))
        await may_answer.wait()
        body = b'[{"language": "go"}]'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as service:
        port = service.sockets[0].getsockname()[1]
        runner = Runner(f"http://127.0.0.1:{port}/execute", lambda: 1)
        first, *others = [asyncio.ensure_future(runner.languages()) for _ in range(5)]
        await until(lambda: questions)
        first.cancel()
        may_answer.set()

        assert await asyncio.gather(*others) == [("go",)] * 4
        assert await runner.languages() == ("go",)
    assert len(questions) == 1
