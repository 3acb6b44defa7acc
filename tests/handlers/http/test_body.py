"""Tests that bodies are received within bounds and parsed as strict JSON."""

import json

import pytest

from handlers.errors import ApiError
from handlers.http.body import Body, parse_json
from handlers.throttling.rates import Budget


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": 1e400}',
        b'{"a": [1, {"a": null}]}',
        b'{"a": "\\ud83d\\ude00"}',
        b'{"\\u0000": ""}',
        b'{"": 1}',
    ],
)
def test_parse_json_accepts_unusual_valid_json(raw: bytes) -> None:
    """Pairs of surrogates, unusual keys and large numbers are valid JSON."""
    assert parse_json(raw) == json.loads(raw)


# -- receiving ------------------------------------------------------------------------------------


def a_body(limit: int = 10, each: int = 100, in_all: int = 100) -> tuple[Body, Budget]:
    budget = Budget(each, in_all)
    body = Body(limit, budget)
    body.payer = "ada"
    return body, budget


def test_body_holds_its_pieces_until_it_is_released() -> None:
    """The bytes of a body use the budget of their sender until the body is released."""
    body, budget = a_body()

    body.add(b"abc")
    body.add(b"def")
    held = budget.total
    body.release()

    assert (body.bytes(), held, budget.total) == (b"abcdef", 6, 0)


def test_body_released_twice_returns_its_budget_once() -> None:
    """A second release gives nothing back. It happens when a connection closes after its answer."""
    body, budget = a_body()
    other = Body(10, budget)
    other.payer = "ada"
    other.add(b"1234")
    body.add(b"abc")

    body.release()
    body.release()

    assert budget.total == 4


def test_body_after_release_takes_nothing_more() -> None:
    """A released body accepts no more bytes, because nothing would release these again."""
    body, budget = a_body()
    body.release()

    with pytest.raises(ApiError) as raised:
        body.add(b"abc")

    assert (raised.value.status, budget.total) == (503, 0)


def test_body_over_its_limit_is_refused() -> None:
    """A body over its limit is refused, even if it arrives in small pieces."""
    body, budget = a_body(limit=4)
    body.add(b"1234")

    with pytest.raises(ApiError) as raised:
        body.add(b"5")

    assert (raised.value.code, budget.total) == ("too_large", 4)


@pytest.mark.parametrize(("each", "in_all"), [(4, 100), (100, 4)])
def test_body_over_the_budget_is_refused_for_now(each: int, in_all: int) -> None:
    """A body over the budget of one user, or of all users together, is refused with 503."""
    body, _ = a_body(each=each, in_all=in_all)

    with pytest.raises(ApiError) as raised:
        body.add(b"12345")

    assert (raised.value.status, raised.value.code) == (503, "unavailable")


def test_body_declared_slightly_too_large_is_read_to_its_end() -> None:
    """A body declared slightly too large is read but not kept.

    Browsers show an answer only after they have sent the whole body.
    """
    body, budget = a_body(limit=4)

    body.declared("5")
    body.add(b"12345")

    assert budget.total == 0
    with pytest.raises(ApiError) as raised:
        body.bytes()
    assert raised.value.code == "too_large"


def test_body_declared_far_too_large_is_not_read() -> None:
    """A body declared far too large is refused before its first byte."""
    body, _ = a_body(limit=4)

    with pytest.raises(ApiError) as raised:
        body.declared(str(1 << 30))

    assert raised.value.code == "too_large"


@pytest.mark.parametrize("length", ["", "x", "-1", "²", "4"])
def test_body_with_length_that_is_no_number_is_not_refused(length: str) -> None:
    """A malformed length is accepted here, because Tornado checks it."""
    body, _ = a_body(limit=4)

    body.declared(length)
    body.add(b"1234")

    assert body.bytes() == b"1234"


# -- parsing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"[1]", b"1", b'"x"', b"null", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b"{", b"\xff", b'{"a":' * 17 + b"1" + b"}" * 17, b'{"a":' * 10_000,
    ],
)  # fmt: skip
def test_parse_json_refuses_unsafe_json(raw: bytes) -> None:
    """Only objects are accepted, without NaN, repeated keys, lone surrogates or deep nesting."""
    with pytest.raises(ApiError) as raised:
        parse_json(raw)

    assert (raised.value.status, raised.value.code) == (400, "bad_json")


@pytest.mark.parametrize(
    "rest", ["[]," * 30_000 + "1", '{"a":1},' * 9_000 + "1", '"",' * 30_000 + "1"]
)
@pytest.mark.parametrize("text", ["", "x" * 100_000])
def test_parse_json_refuses_much_structure(rest: str, text: str) -> None:
    """JSON with too much structure is refused, because parsing it would take long.

    One MiB of it would block the event loop for half a second. The error's message names the bound.
    """
    with pytest.raises(ApiError) as refused:
        parse_json(f'{{"code": "{text}", "a": [{rest}]}}'.encode())

    assert (refused.value.status, refused.value.code) == (413, "too_large")
    assert "65536 characters besides long texts" in refused.value.message


@pytest.mark.parametrize(
    "bad",
    [
        '"a": 1, "a": 2',
        '"a": NaN',
        '"a": Infinity',
        '"a": "\\ud83d"',
        '"a": ' + "[" * 50 + "]" * 50,
    ],
)
def test_parse_json_is_strict_with_long_texts_too(bad: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_json(f'{{"code": "{"x" * 100_000}", {bad}}}'.encode())

    assert refused.value.code == "bad_json"


def test_parse_json_reads_long_texts() -> None:
    document = {"code": 'a"\\\n😀é\u0001' * 30_000, "label": "x", "other": ["y" * 5_000, 5, None]}

    assert parse_json(json.dumps(document).encode()) == document
    assert parse_json(json.dumps(document, ensure_ascii=False, indent=1).encode()) == document
