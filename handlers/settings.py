"""The settings that handlers use, each declared once (see `crdt.settings`).

Limits that cannot be configured are next to the code that uses them.

See docs/design/limits.md.
"""

from crdt.settings import number, text

TRUST_PROXY = number(
    "trust_proxy",
    0,
    0,
    10,
    "number of proxies in front whose X-Forwarded-* headers are trusted",
    prefix="",
)
PUBLIC_URL = text(
    "public_url",
    "",
    "the address at which people open this server, for the links in its mails: https://…",
    prefix="",
)
METRICS_TOKEN = text(
    "metrics_token",
    "",
    "a bearer token that /metrics requires; unset: only this machine may read /metrics",
    prefix="",
)
REFRESH_IDLE_S = number(
    "refresh_idle_s", 1_209_600, 1, 31_536_000, "seconds without use after which a login ends"
)
REFRESH_S = number(
    "refresh_s", 2_592_000, 1, 31_536_000, "seconds after which a login ends in any case"
)
MAX_QUEUED_BYTES = number(
    "max_queued_bytes",
    4 << 20,
    65_536,
    256 << 20,
    "bytes that may wait for a client that reads slowly; beyond this, the client is closed (1013)",
)
UPDATES_PER_S = number(
    "updates_per_s",
    60.0,
    1,
    1_000_000,
    "edits a second of one connection; a faster connection is slowed down, then closed (1008)",
)
UPDATES_BURST = number(
    "updates_burst", 300.0, 1, 10_000_000, "edits of one connection that may come without a pause"
)
UPDATE_BYTES_PER_S = number(
    "update_bytes_per_s", 524_288.0, 1_024, 1 << 30, "bytes a second of one connection"
)
CONNECTIONS_PER_USER = number(
    "connections_per_user", 10, 1, 100_000, "connections of a user to one session"
)
CONNECTIONS_PER_ADDRESS = number(
    "connections_per_address", 600, 1, 100_000, "connections from one address"
)
CONNECTIONS_PER_SESSION = number(
    "connections_per_session", 250, 1, 100_000, "connections to one session"
)
CONNECTIONS = number("connections", 5_000, 1, 1_000_000, "connections in all")
ACCEPTS_PER_S = number(
    "accepts_per_s",
    50.0,
    1,
    1_000_000,
    "connections a second from one address, in bursts of up to thirty times as many; "
    "not counted behind proxies (TRUST_PROXY)",
)
HANDSHAKES_PER_MIN = number(
    "handshakes_per_min", 30.0, 1, 1_000_000, "connection attempts a minute of one user"
)
REFUSAL_HOLD_S = number(
    "refusal_hold_s",
    3.0,
    0,
    60,
    "seconds by which a refusal (429) is delayed, so that clients do not come back immediately",
)
SIGN_IN_S = number("sign_in_s", 10.0, 0.1, 300, "seconds for a Socket.IO client to sign in")
PING_S = number("ping_s", 25.0, 1, 3_600, "seconds between WebSocket pings")
PONG_S = number("pong_s", 20.0, 1, 3_600, "seconds to answer a ping; at most COLLAB_PING_S")
REQUEST_S = number("request_s", 10.0, 1, 3_600, "seconds for a client to send a request")
REQUESTS_PER_5MIN = number(
    "requests_per_5min", 900, 1, 10_000_000, "REST requests of a signed-in user in five minutes"
)
ANONYMOUS_PER_5MIN = number(
    "anonymous_per_5min",
    600,
    1,
    10_000_000,
    "REST requests of an address without sign-in, and failing refreshes, in five minutes",
)
PAGES_PER_5MIN = number(
    "pages_per_5min",
    30_000,
    1,
    10_000_000,
    "pages, files, pictures, invites, sign-ins and refreshes that an address may ask for in five "
    "minutes",
)
SIGNUPS_PER_H = number(
    "signups_per_h", 60, 1, 10_000_000, "new accounts an hour from one address without an invite"
)
INVITED_SIGNUPS_PER_H = number(
    "invited_signups_per_h", 300, 1, 10_000_000, "new accounts an hour from one address by invites"
)
GUESTS_PER_H = number(
    "guests_per_h", 300, 1, 10_000_000, "new guests, and new accounts, an hour by one invite"
)
INVITE_SHARE_PER_H = number(
    "invite_share_per_h",
    200,
    1,
    10_000_000,
    "guests and new accounts an hour by one invite from one address",
)
ADDRESS_GUESTS_PER_H = number(
    "address_guests_per_h",
    3_000,
    1,
    10_000_000,
    "new guests an hour from one address by all invites together",
)
INVITE_FAILURES = number(
    "invite_failures",
    60,
    1,
    10_000_000,
    "wrong invites of one address in 15 minutes; valid invites still work",
)
SESSIONS_PER_DAY = number(
    "sessions_per_day", 500, 1, 10_000_000, "sessions that a user may create a day"
)
AVATARS_PER_H = number(
    "avatars_per_h", 20, 1, 10_000_000, "pictures that a user may upload an hour"
)
LOGINS_PER_5MIN = number(
    "logins_per_5min",
    60,
    1,
    10_000_000,
    "passwords for one account from one device or address in five minutes",
)
ACCOUNT_FAILURES = number(
    "account_failures",
    5,
    1,
    1_000_000,
    "wrong passwords for one account from one device or address; then waits grow from 15 seconds "
    "to 30 minutes",
)
STRANGER_FAILURES_PER_DAY = number(
    "stranger_failures_per_day",
    240,
    1,
    1_000_000,
    "wrong passwords a day for one account from all devices and addresses on which it has not "
    "signed in",
)
ADDRESS_FAILURES_PER_H = number(
    "address_failures_per_h",
    300,
    1,
    1_000_000,
    "wrong passwords an hour from one address for accounts that have not signed in there",
)
MAILS_PER_H = number(
    "mails_per_h",
    5,
    1,
    10_000_000,
    "mails an hour about one account: about a forgotten password or a new e-mail address",
)
ADDRESS_MAILS_PER_H = number(
    "address_mails_per_h",
    60,
    1,
    10_000_000,
    "mails an hour for forgotten passwords that one address may ask for",
)
MAX_JSON_BYTES = number(
    "max_json_bytes",
    64 << 10,
    1_024,
    16 << 20,
    "bytes of a JSON body; a body with code may have 7 MiB",
)
MESSAGES_PER_10S = number(
    "messages_per_10s",
    5.0,
    1,
    1_000_000,
    "chat messages of a user in ten seconds; twice as many after a pause",
)
SAVES_PER_S = number(
    "saves_per_s",
    1.0,
    0.01,
    1_000_000,
    "versions that may be saved in one session in a second; five after a pause",
)
RUNNER_URL = text(
    "runner_url",
    "",
    "a service on another machine that runs programs: http://host:2000/api/v2/execute; unset: none",
)
RUN_ORIGIN = text(
    "run_origin",
    "",
    "a second address of this server, only for programs that browsers run: https://run.example.org;"
    " unset: they run in frames of the address of the app",
    prefix="",
)
RUNS_PER_10S = number(
    "runs_per_10s",
    5.0,
    0.01,
    1_000_000,
    "runs of programs of a user in ten seconds; three together after a pause",
)
TESTS_PER_MIN = number(
    "tests_per_min",
    60,
    1,
    1_000_000,
    "changes to tests of programs by a user in a minute",
)
MEMBERS = number("members", 200, 1, 100_000, "members of a session")
