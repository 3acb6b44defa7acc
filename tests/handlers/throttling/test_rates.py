"""Tests limits: the buckets with a clock moved by hand, and each rate over HTTP.
Each rate is tested at its limit and one request over it.
"""

import asyncio

import pytest

from handlers.errors import in_words
from handlers.throttling.rates import Backoff, Bucket, RateLimiter, Recent, SlotCounter
from tests.api import PASSWORD, Answer, Api
from tests.clock import Seconds
from tests.handlers.clients import account, code_of, exchange


class Watch:
    """Seconds of a monotonic clock."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def retry_after(answer: Answer) -> int:
    """Return the seconds to wait of an answer 429. Assert that header and message agree."""
    assert code_of(answer) == (429, "rate_limited"), answer
    seconds = int(answer.headers["Retry-After"])
    assert answer.body["message"].endswith(f"Try again in {in_words(seconds)}.")
    return seconds


# -- Bucket ---------------------------------------------------------------------------------------


def test_bucket_allows_its_burst_and_then_requires_waits() -> None:
    """A bucket allows its burst without a wait. After that a wait pays the debt at the rate."""
    bucket = Bucket(rate=2, burst=3, now=0)

    waits = [bucket.spend(1, 0) for _ in range(5)]

    assert waits == [0, 0, 0, 0.5, 1.0]


def test_bucket_fills_at_its_rate_up_to_burst() -> None:
    """A bucket fills at its rate. Even after a long pause, it has no more than its burst."""
    bucket = Bucket(rate=2, burst=3, now=0)
    for _ in range(3):
        bucket.spend(1, 0)

    assert bucket.spend(1, 0.5) == 0
    assert bucket.spend(3, 1_000_000) == 0
    assert bucket.spend(1, 1_000_000) == 0.5


def test_bucket_refund_gives_tokens_back() -> None:
    """Refunded tokens can be spent again."""
    bucket = Bucket(rate=1, burst=1, now=0)
    bucket.spend(1, 0)
    assert bucket.spend(1, 0) == 1

    bucket.refund(1)

    assert bucket.spend(1, 1) == 0


def test_bucket_take_over_burst_is_paid_by_waiting() -> None:
    """A message that costs more than the burst is accepted, and paid for by waiting."""
    bucket = Bucket(rate=10, burst=20, now=0)

    assert bucket.spend(120, 0) == 10
    assert bucket.spend(0, 10) == 0
    assert bucket.spend(1, 10) == pytest.approx(0.1)


# -- RateLimiter ----------------------------------------------------------------------------------


def test_limiter_counts_each_key_separately() -> None:
    """A key over its limit does not affect other keys."""
    limiter = RateLimiter(1, 2, Watch())

    assert [limiter.wait_s("a") for _ in range(3)] == [0, 0, 1]
    assert [limiter.wait_s("b") for _ in range(3)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("count", "seconds", "wait"),
    [
        (900, 300, 1),
        (100, 300, 3),
        (20, 3_600, 180),
        (5, 10, 2),
        (1, 1, 1),
        (30, 60, 2),
        (7, 300, 43),
    ],
)
def test_limiter_after_named_wait_accepts_next_try(count: int, seconds: int, wait: int) -> None:
    """After the named wait the next try is accepted.

    The wait is the shortest possible in whole seconds.
    """
    watch = Watch()
    limiter = RateLimiter(count / seconds, count, watch)
    assert [limiter.wait_s("a") for _ in range(count + 1)] == [0] * count + [wait]

    watch.now += wait

    assert limiter.wait_s("a") == 0
    assert limiter.wait_s("a") >= wait - 1


def test_refused_try_does_not_extend_wait() -> None:
    """Refused tries do not make the wait longer."""
    watch = Watch()
    limiter = RateLimiter(1, 1, watch)
    limiter.wait_s("a")

    waits = {limiter.wait_s("a") for _ in range(1_000)}

    assert waits == {1}
    watch.now += 1
    assert limiter.wait_s("a") == 0


def test_limiter_over_10000_keys_forgets_least_recent() -> None:
    """At most 10,000 keys are kept. The key that was used least recently is forgotten first."""
    limiter = RateLimiter(0.001, 1, Watch())
    limiter.wait_s("active")
    limiter.wait_s("idle")
    for number in range(9_999):
        limiter.wait_s(f"{number}")
        assert limiter.wait_s("active") > 0

    assert limiter.wait_s("idle") == 0
    assert limiter.wait_s("active") > 0


def test_limiter_drops_full_buckets_and_old_failures() -> None:
    """Full buckets, failures of an hour ago and expired notes are dropped when new keys come.

    A failure that is taken back is dropped immediately.
    """
    watch = Watch()
    limiter, backoff, recent = RateLimiter(1, 1, watch), Backoff(1, watch), Recent(60, watch)
    for number in range(1_000):
        limiter.wait_s(f"{number}")
        backoff.note(f"{number}")
        recent.note(f"{number}")
    watch.now += 3_600
    for number in range(1_000):
        limiter.wait_s(f"new {number}")
        backoff.note(f"new {number}")
        backoff.note("in")
        backoff.take_back("in")
        recent.note(f"new {number}")

    assert len(limiter._buckets) == len(backoff._failures) == len(recent._noted) == 1_000
    assert limiter.wait_s("new 0") > 0
    assert backoff.wait_s("new 0") > 0
    assert recent.has("new 0")


def test_limiter_refund_gives_one_try_back() -> None:
    """A refunded try can be made again. An unknown key has nothing to refund."""
    limiter = RateLimiter(0.001, 1, Watch())
    assert limiter.wait_s("a") == 0

    limiter.refund("a")
    limiter.refund("unknown")

    assert limiter.wait_s("a") == 0
    assert limiter.wait_s("a") > 0


def test_limiter_rounds_wait_up_to_whole_seconds() -> None:
    """A wait of a fraction of a second is rounded up to one second, never down to 0."""
    limiter = RateLimiter(1_000, 1, Watch())

    assert [limiter.wait_s("a") for _ in range(2)] == [0, 1]


# -- SlotCounter ----------------------------------------------------------------------------------


def test_counter_has_capacity_up_to_its_limit() -> None:
    """A key has capacity below its limit, and none at the limit."""
    counter = SlotCounter(2)

    counter.add("a")
    assert counter.has_capacity("a")
    counter.add("a")
    assert not counter.has_capacity("a")
    assert counter.has_capacity("b")
    counter.remove("a")

    assert counter.has_capacity("a")


def test_counter_drops_keys_at_zero() -> None:
    """A key whose count is zero is dropped, and cannot be removed again."""
    counter = SlotCounter(1)
    counter.add(("session", "user"))

    counter.remove(("session", "user"))

    with pytest.raises(KeyError):
        counter.remove(("session", "user"))
    assert counter.has_capacity(("session", "user"))


# -- Backoff --------------------------------------------------------------------------------------


def test_waits_after_free_failures_double_up_to_half_an_hour() -> None:
    """Each wait is twice the wait before it, up to half an hour. Other keys do not wait."""
    watch = Watch()
    backoff = Backoff(3, watch)
    waits = []
    for _ in range(13):
        waits.append(backoff.wait_s("a"))
        watch.now += waits[-1]
        backoff.note("a")

    assert waits == [0, 0, 0, 15, 30, 60, 120, 240, 480, 960, 1_800, 1_800, 1_800]
    assert backoff.wait_s("b") == 0


def test_wait_ends_after_named_seconds_and_asking_does_not_extend_it() -> None:
    """Tries during a wait do not make it longer. The named seconds are whole and sufficient."""
    watch = Watch()
    backoff = Backoff(1, watch)
    backoff.note("a")

    assert {backoff.wait_s("a") for _ in range(1_000)} == {15}
    watch.now += 14.5
    assert backoff.wait_s("a") == 1
    watch.now += 0.5
    assert backoff.wait_s("a") == 0


def test_failures_are_forgotten_after_an_hour_without_any() -> None:
    """Failures are forgotten after an hour without a new one. A new one keeps all of them."""
    watch = Watch()
    backoff = Backoff(2, watch)
    backoff.note("a")
    watch.now += 3_599
    backoff.note("a")
    assert backoff.wait_s("a") == 15

    watch.now += 3_600

    assert backoff.wait_s("a") == 0
    backoff.note("a")
    assert backoff.wait_s("a") == 0, "it begins again"


def test_failure_taken_back_leaves_the_others() -> None:
    """A failure that is taken back leaves the others. Forgetting removes all failures of a key."""
    backoff = Backoff(2, Watch())
    for _ in range(3):
        backoff.note("a")
    assert backoff.wait_s("a") == 30

    backoff.take_back("a")
    assert backoff.wait_s("a") == 15
    backoff.forget("a")
    backoff.forget("unknown")
    backoff.take_back("unknown")

    assert backoff.wait_s("a") == 0
    assert not backoff._failures


def test_backoff_over_10000_keys_forgets_oldest() -> None:
    """At most 10,000 keys are kept, and the oldest is forgotten first."""
    backoff = Backoff(1, Watch())
    for number in range(10_001):
        backoff.note(f"{number}")

    assert backoff.wait_s("0") == 0
    assert backoff.wait_s("1") > 0
    assert backoff.wait_s("10000") > 0


# -- Recent ---------------------------------------------------------------------------------------


def test_recent_key_is_known_for_its_time() -> None:
    """A key is known for the whole time since its newest note. Other keys are not."""
    watch = Watch()
    recent = Recent(60, watch)
    recent.note("a")
    watch.now += 59
    recent.note("a")

    watch.now += 59.5
    assert recent.has("a")
    assert not recent.has("b")
    watch.now += 0.5
    assert not recent.has("a")


def test_recent_over_10000_keys_forgets_oldest() -> None:
    """At most 10,000 keys are kept, and the oldest is forgotten first."""
    recent = Recent(60, Watch())
    for number in range(10_001):
        recent.note(f"{number}")

    assert [recent.has(key) for key in ("0", "1", "10000")] == [False, True, True]


# -- rates over HTTP ------------------------------------------------------------------------------


async def test_anonymous_requests_over_rate_of_address_are_refused(start_server) -> None:
    """The fifth of five anonymous requests is answered, and the sixth refused with the wait.

    Signed-in users at the address are not counted.
    """
    server = await start_server(anonymous_per_5min=5)
    ada = await Api(server.url).sign_up("ada")

    answers = [await Api(server.url).get("/user/me") for _ in range(6)]

    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert 1 <= retry_after(answers[-1]) <= 60
    assert code_of(await Api(server.url).get("/session")) == (429, "rate_limited")
    assert (await ada.get("/user/me")).status == 200


COLD = (
    "/",
    "/join/x",
    "/static/style.css",
    "/static/icon.svg",
    "/docs",
    "/openapi.json",
    "/user/x/avatar",
    "/favicon.ico",
)
"""The addresses that a browser requests at its first visit."""


async def test_first_requests_of_visitor_do_not_count_as_anonymous(start_server) -> None:
    """A visitor's first requests do not use the limit of anonymous requests.

    They are answered even when that limit is used up. They are pages, files, invites, sign-up,
    sign-in and refresh.
    """
    server = await start_server(anonymous_per_5min=1, refusal_hold_s=0)
    ada = await Api(server.url).sign_up("ada")
    invite = (await ada.post(f"/session/{await ada.new_session()}/invites")).body["invite"]
    assert [(await Api(server.url).get("/user/me")).status for _ in range(2)] == [401, 429]

    pages = [(await Api(server.url).get(path)).status for path in COLD * 3]
    preview = await Api(server.url).get(f"/invite/{invite}")
    guest = await Api(server.url).post("/user/guest", {"name": "Gus", "invite": invite})
    bob = await Api(server.url).sign_up("bob")
    login = await Api(server.url).post("/user/login", {"username": "ada", "password": PASSWORD})
    refresh = await Api(server.url).post("/user/refresh", {"refreshToken": bob.refresh_token})

    assert 429 not in pages
    assert [answer.status for answer in (preview, guest, login, refresh)] == [200, 201, 200, 200]


async def test_pages_over_wide_rate_of_address_are_refused(start_server) -> None:
    """All pages together have a wider limit for each address. Signed-in users have their own."""
    server = await start_server(pages_per_5min=4, refusal_hold_s=0, trust_proxy=1)
    ada = await Api(server.url).sign_up("ada")
    here = {"X-Forwarded-For": "192.0.2.1"}

    statuses = [(await Api(server.url).get(path, headers=here)).status for path in COLD[:5]]

    assert statuses == [200] * 4 + [429]
    assert (await Api(server.url).get("/", headers={"X-Forwarded-For": "192.0.2.2"})).status == 200
    assert (await ada.get("/user/me", headers=here)).status == 200


async def test_expired_token_counts_for_its_login_not_for_address(clock, start_server) -> None:
    """A request with an expired token counts for its login, not for its address.

    A class that returns from a break may send many such requests.
    """
    server = await start_server(anonymous_per_5min=1, requests_per_5min=5, refusal_hold_s=0)
    people = [await Api(server.url).sign_up(name) for name in ("ada", "bob", "eve")]
    clock.advance(901)

    first = [code_of(await person.get("/user/me")) for person in people]
    more = [code_of(await people[0].get("/user/me")) for _ in range(5)]

    assert first == [(401, "token_expired")] * 3
    assert more == [(401, "token_expired")] * 4 + [(429, "rate_limited")]
    refreshed = await Api(server.url).post(
        "/user/refresh", {"refreshToken": people[0].refresh_token}
    )
    assert refreshed.status == 200


async def test_failing_refreshes_count_as_anonymous_requests(start_server) -> None:
    """Failing refreshes count as anonymous requests, which limits the guessing of tokens.

    Valid refreshes from the same address still work.
    """
    server = await start_server(anonymous_per_5min=3, refusal_hold_s=0)
    ada = await Api(server.url).sign_up("ada")

    guesses = [
        await Api(server.url).post("/user/refresh", {"refreshToken": f"x.{n}"}) for n in range(5)
    ]

    assert [answer.status for answer in guesses] == [401] * 3 + [429] * 2
    assert (
        await Api(server.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    ).status == 200


async def test_requests_over_rate_of_user_are_refused(start_server) -> None:
    """All logins of a user share one limit, and another user has their own.

    Health probes are never refused.
    """
    server = await start_server(requests_per_5min=5)
    ada = await Api(server.url).sign_up("ada")
    bob = await ada.sign_up("bob")
    login = await Api(server.url).post("/user/login", {"username": "ada", "password": PASSWORD})
    other_login = Api(server.url, login.body["accessToken"])

    answers = [await ada.get("/user/me") for _ in range(6)]

    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert 1 <= retry_after(answers[-1]) <= 60
    assert code_of(await other_login.get("/user/me")) == (429, "rate_limited")
    assert (await bob.get("/user/me")).status == 200
    assert (await ada.get("/healthz")).status == (await ada.get("/readyz")).status == 200


@pytest.mark.parametrize(
    "header", [{"Authorization": "Bearer nonsense"}, {"Cookie": "accessToken=nonsense"}]
)
async def test_requests_with_wrong_token_count_as_anonymous(
    start_server, header: dict[str, str]
) -> None:
    """Requests with a wrong token count as anonymous, which limits the guessing of tokens."""
    server = await start_server(anonymous_per_5min=5)

    answers = [await Api(server.url).get("/user/me", headers=header) for _ in range(6)]

    assert [answer.status for answer in answers] == [401] * 5 + [429]


async def test_sign_ups_over_hourly_rate_of_address_are_refused(start_server) -> None:
    """Three accounts per hour and address are accepted.

    A request with an invalid form is not counted.
    """
    server = await start_server(signups_per_h=3)
    for number in range(5):
        wrong = await Api(server.url).post(
            "/user/signup", account(f"user{number}", password="short")
        )
        assert code_of(wrong) == (422, "invalid")

    answers = [
        await Api(server.url).post("/user/signup", account(f"user{number}")) for number in range(4)
    ]

    assert [answer.status for answer in answers] == [201] * 3 + [429]
    assert 1 <= retry_after(answers[-1]) <= 1_200


async def test_rate_limit_behind_trusted_proxy_applies_to_each_client(start_server) -> None:
    """Behind a trusted proxy, each client has its own limit.

    A client cannot escape its limit by forging the header.
    """
    server = await start_server(signups_per_h=1, trust_proxy=1)

    async def sign_up(name: str, forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded}
        return (await Api(server.url).post("/user/signup", account(name), headers=headers)).status

    assert await sign_up("one", "192.0.2.1") == 201
    assert await sign_up("two", "192.0.2.1") == 429
    assert await sign_up("two", "198.51.100.7, 192.0.2.1") == 429
    assert await sign_up("two", "192.0.2.2") == 201


async def test_rate_limit_without_proxy_ignores_forwarded_header(start_server) -> None:
    """Without a proxy, a client cannot change its address by sending a header."""
    server = await start_server(signups_per_h=1)

    statuses = [
        (
            await Api(server.url).post(
                "/user/signup",
                account(f"user{n}"),
                headers={"X-Forwarded-For": f"192.0.2.{n}", "X-Real-Ip": f"1.2.3.{n}"},
            )
        ).status
        for n in range(2)
    ]

    assert statuses == [201, 429]


async def test_login_failures_of_unknown_account_have_same_limit(start_server) -> None:
    """An unknown account has the same limit of failures, so the limit does not reveal accounts."""
    server = await start_server()
    wrong = {"username": "nobody", "password": "not the password"}

    answers = [await Api(server.url).post("/user/login", wrong) for _ in range(6)]

    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert 14 <= retry_after(answers[-1]) <= 15


async def test_simultaneous_login_failures_are_counted(crowd: None, start_server) -> None:
    """Only five of thirty simultaneous wrong passwords are checked."""
    server = await start_server()
    await Api(server.url).sign_up("ada")
    wrong = {"username": "ada", "password": "not the password"}

    answers = await asyncio.gather(*(Api(server.url).post("/user/login", wrong) for _ in range(30)))

    assert sorted({answer.status for answer in answers}) == [401, 429]
    assert sum(answer.status == 401 for answer in answers) == 5


async def test_login_success_is_not_counted(start_server) -> None:
    """Successful logins are not counted, only failures."""
    server = await start_server()
    await Api(server.url).sign_up("ada")

    answers = [
        await Api(server.url).post("/user/login", {"username": "ada", "password": PASSWORD})
        for _ in range(8)
    ]

    assert [answer.status for answer in answers] == [200] * 8


async def test_messages_over_rate_of_user_are_refused(rate_clock: Seconds, start_server) -> None:
    """A user may send ten messages together, and then five in ten seconds.

    A refused message is not stored, and other users are not affected.
    """
    server = await start_server(messages_per_10s=5)
    ada = await Api(server.url).sign_up("ada")
    bob = await ada.sign_up("bob")
    session_id, other_id = await ada.new_session(), await ada.new_session()
    await bob.post(f"/session/{session_id}/join")

    answers = [
        await ada.post("/chat/send", {"sessionId": session_id, "message": f"{n}"})
        for n in range(11)
    ]

    assert [answer.status for answer in answers] == [201] * 10 + [429]
    assert retry_after(answers[-1]) == 2
    assert code_of(await ada.post("/chat/send", {"sessionId": other_id, "message": "x"})) == (
        429,
        "rate_limited",
    )
    assert (
        await bob.post("/chat/send", {"sessionId": session_id, "message": "mine"})
    ).status == 201
    assert len((await ada.get(f"/chat/{session_id}")).body["messages"]) == 11


async def test_saves_over_rate_of_session_are_refused(rate_clock: Seconds, start_server) -> None:
    """A session accepts five saves together, and then one per second.

    A refused save does not change the document.
    """
    server = await start_server(saves_per_s=1)
    ada = await Api(server.url).sign_up("ada")
    session_id, other_id = await ada.new_session(), await ada.new_session()

    answers = [
        await ada.post(f"/code/{session_id}/save", {"code": f"{number}"}) for number in range(6)
    ]

    assert [answer.status for answer in answers] == [201] * 5 + [429]
    assert retry_after(answers[-1]) == 1
    assert (await ada.live(session_id))["code"] == "4"
    assert (await ada.post(f"/code/{other_id}/save", {"code": "x"})).status == 201
    rate_clock.advance(1)
    assert (await ada.post(f"/code/{session_id}/save", {"code": "5"})).status == 201


# -- sizes and slowness ---------------------------------------------------------------------------


@pytest.mark.parametrize(("extra", "status"), [(0, 422), (1, 413)])
async def test_json_body_over_64_kib_is_refused(ada: Api, extra: int, status: int) -> None:
    """A JSON body of 64 KiB is parsed, and one more byte is refused."""
    body = b'{"title": "' + b"x" * ((64 << 10) + extra - 13) + b'"}'
    assert len(body) == (64 << 10) + extra

    answers = [
        await ada.request("PATCH", f"/session/{await ada.new_session()}", raw=body),
        await ada.request("POST", "/user/login", raw=body),
    ]

    assert [answer.status for answer in answers] == [status] * 2
    if status == 413:
        assert {code_of(answer) for answer in answers} == {(413, "too_large")}


async def test_json_body_limit_from_setting_does_not_apply_to_code(start_server) -> None:
    """A smaller limit of JSON bodies does not limit code."""
    server = await start_server(max_json_bytes=1_024)
    ada = await Api(server.url).sign_up("ada")

    long = await ada.post("/session", {"title": "x", "code": "y" * 100_000})
    chat = await ada.post("/chat/send", {"sessionId": long.body["id"], "message": "z" * 1_024})

    assert long.status == 201
    assert code_of(chat) == (413, "too_large")


@pytest.mark.parametrize("path", ["/user/login", "/code/0000000000000000/save"])
async def test_chunked_body_over_limit_is_refused(api: Api, path: str) -> None:
    """A chunked body is refused with an answer as soon as it is over the limit."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: "
        "application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"[" * 0x10000 + b"\r\n"
    if path.startswith("/code"):
        head = head.replace(
            "\r\n\r\n", f"\r\nAuthorization: Bearer {(await api.sign_up('ada')).token}\r\n\r\n"
        )
        chunks = [chunk] * (8 << 4)
    else:
        chunks = [chunk] * 2

    answer = await exchange(api.url, head.encode(), *chunks, b"0\r\n\r\n")

    assert answer is not None, "the connection was closed without an answer"
    assert answer.status == 413
    assert b'"too_large"' in answer.body


async def test_slow_body_is_cut_off_after_time_limit(start_server) -> None:
    """A client that sends its body too slowly is cut off, and the server continues."""
    server = await start_server(request_s=0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

    writer.write(
        b"POST /user/login HTTP/1.1\r\nHost: x\r\nContent-Type: "
        b"application/json\r\nContent-Length: 50\r\n\r\n{"
    )
    async with asyncio.timeout(8):  # shorter than the default limit of the setting
        rest = await reader.read()
    writer.close()

    assert rest == b"" or b" 408 " in rest
    assert (await Api(server.url).get("/healthz")).status == 200


@pytest.mark.parametrize("size", [20_000, 200_000])
async def test_headers_over_16_kib_are_refused(api: Api, size: int, expect_log) -> None:
    """A request with more than 16 KiB of headers is refused."""
    expect_log("WARNING tornado.general|INFO")
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Filler: " + b"x" * size + b"\r\n\r\n"

    answer = await exchange(api.url, request)

    assert answer is None or answer.status in (400, 431)
    assert (await api.get("/healthz")).status == 200


async def test_connections_over_rate_of_address_are_closed_unread(
    rate_clock: Seconds, start_server
) -> None:
    """The connections of 30 seconds are accepted together. One more is closed unread.

    Half a second later another connection is accepted.
    """
    server = await start_server(accepts_per_s=2)
    port = server.port

    async def is_answered() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try:
            return (await reader.read()).startswith(b"HTTP/1.1 200")
        except ConnectionResetError:
            return False
        finally:
            writer.close()

    assert all([await is_answered() for _ in range(60)])
    assert not await is_answered()
    assert server.parts.services.limit_counters["accepts_per_s"] == 1
    rate_clock.advance(0.5)
    assert await is_answered()


async def test_connections_behind_trusted_proxy_are_not_limited(start_server) -> None:
    """Behind a trusted proxy, the number of connections per second is not limited."""
    server = await start_server(accepts_per_s=1, trust_proxy=1)
    for _ in range(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()
