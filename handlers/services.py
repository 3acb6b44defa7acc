"""The record of all objects that handlers use.

`collab_server.app` makes it, and each handler gets it.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from crdt.changing.text_changes import TextChanges
from crdt.fair_queue import FairQueue
from crdt.history.program_tests.rules import ProgramTests
from crdt.history.reader import HistoryReader
from crdt.history.redactor import Redactor
from crdt.history.runs import Runs
from crdt.history.versions import Versions
from crdt.lifecycle.rooms import Rooms
from crdt.limits import LimitCounters
from crdt.workers import Workers
from handlers import settings
from handlers.compression import Compressor
from handlers.connections import Connections
from handlers.loop_lag import LagMeter
from handlers.mail.outbox import Outbox
from handlers.runner.piston import Runner
from handlers.security.known_devices import KnownDevices
from handlers.security.password_tries import PasswordTries
from handlers.security.passwords import Passwords
from handlers.security.pictures import Pictures
from handlers.security.refreshing import Refresher
from handlers.security.tokens import Tokens
from handlers.throttling.fair_gate import FairGate
from handlers.throttling.rates import Budget, RateLimiter, Recent
from storage.avatars import Avatars
from storage.base import Store
from storage.records import Message, User

_BODIES_EACH_BYTES = 32 << 20
_BODIES_BYTES = 256 << 20

_STRANGERS_PER_S = 200.0
_STRANGERS_BURST = 1_000.0
"""Most requests that Socket.IO clients without sign-in may send without a pause, all together.
They may send as many in each second. That takes about a fifth of the event loop's time."""


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The part of the configuration that handlers need; the names of the fields have the units.

    public_url    the address of this server in mails, without a slash at its end
    run_origin    the origin of the frame that runs programs; "" if it is our own
    origins       origins, besides our own, whose pages may call the API
    trusted_hops  number of proxies in front of this server whose X-Forwarded-* headers are trusted
    """

    origins: frozenset[str] = frozenset()
    public_url: str = ""
    run_origin: str = ""
    trusted_hops: int = settings.TRUST_PROXY.field()
    json_bytes: int = settings.MAX_JSON_BYTES.field()
    request_s: float = settings.REQUEST_S.field()
    members: int = settings.MEMBERS.field()
    refresh_idle_s: int = settings.REFRESH_IDLE_S.field()
    refresh_s: int = settings.REFRESH_S.field()
    retry_window_s: int = 20
    metrics_token: str = settings.METRICS_TOKEN.field()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Limiters:
    """Rates by key. A key is the id of a user, a login or an invite, or an address.

    pages           requests that visitors need before they sign in, by address;
                    this rate is high, because it is only against floods
    guests          people who enter by an invite, by the invite's id
    invite_shares   people who enter by an invite, by the invite's id and their address
    address_guests  guests of all invites, by address
    mails           mails about one account, by the e-mail address or the user's id
    address_mails   mails for forgotten passwords, by the address that asks
    invited         addresses that have shown a valid invite within the last hour
    """

    signed_in: RateLimiter
    anonymous: RateLimiter
    pages: RateLimiter
    signups: RateLimiter
    invited_signups: RateLimiter
    guests: RateLimiter
    invite_shares: RateLimiter
    address_guests: RateLimiter
    wrong_invites: RateLimiter
    invited: Recent
    new_sessions: RateLimiter
    mails: RateLimiter
    address_mails: RateLimiter
    pictures: RateLimiter
    messages: RateLimiter
    saves: RateLimiter
    runs: RateLimiter
    tests: RateLimiter
    handshakes: RateLimiter
    slowed: RateLimiter
    accepts: RateLimiter


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that handlers need to answer requests.

    clock              milliseconds since 1970
    bodies             counts the bytes of request bodies in memory while they arrive
    compressor         compresses answers
    seen_logins        logins whose use is not yet noted in the store
    exports            slots for making archives: three in all, at most two for one user
    strangers          limits the pace of requests from Socket.IO clients without sign-in;
                       addresses take turns
    message_listeners  called with each chat message that was stored, and with its sender
    limit_counters     how often each limit was reached
    problems           how often requests were answered with each error code
    workers            processes for work that would hold the event loop for too long
    is_draining        whether the server is about to stop
    """

    store: Store
    rooms: Rooms
    versions: Versions
    history_reader: HistoryReader
    redactor: Redactor
    runs: Runs
    program_tests: ProgramTests
    text_changes: TextChanges
    tokens: Tokens
    refresher: Refresher
    passwords: Passwords
    password_tries: PasswordTries
    known_devices: KnownDevices
    limiters: Limiters
    connections: Connections
    avatars: Avatars
    pictures: Pictures
    outbox: Outbox
    runner: Runner | None
    settings: WebSettings
    clock: Callable[[], int]
    random_bytes: Callable[[int], bytes]
    is_draining: Callable[[], bool]
    message_listeners: list[Callable[[Message, User], None]]
    limit_counters: LimitCounters = field(default_factory=LimitCounters)
    problems: Counter[str] = field(default_factory=Counter)
    workers: Workers = field(default_factory=Workers)
    lag: LagMeter = field(default_factory=LagMeter)
    compressor: Compressor = field(default_factory=Compressor)
    bodies: Budget = field(default_factory=lambda: Budget(_BODIES_EACH_BYTES, _BODIES_BYTES))
    seen_logins: set[str] = field(default_factory=set)
    strangers: FairGate = field(
        default_factory=lambda: FairGate(_STRANGERS_PER_S, _STRANGERS_BURST, time.monotonic)
    )
    exports: FairQueue = field(default_factory=lambda: FairQueue(3, 16, 64, 60.0))
