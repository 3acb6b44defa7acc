"""What a handler may reach: one object, made by `collab_server.app`, given to every handler."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from crdt.changing.text_changes import TextChanges
from crdt.fair_queue import FairQueue
from crdt.history.reader import HistoryReader
from crdt.history.redactor import Redactor
from crdt.history.versions import Versions
from crdt.lifecycle.rooms import Rooms
from crdt.limits import LimitCounters
from crdt.workers import Workers
from handlers import settings
from handlers.connections import Connections
from handlers.loop_lag import LagMeter
from handlers.security.known_devices import KnownDevices
from handlers.security.password_tries import PasswordTries
from handlers.security.passwords import Passwords
from handlers.security.pictures import Pictures
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
"""Requests that the Socket.IO clients of all strangers together may make: about a fifth of the event loop's time."""


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What handlers need to know of the configuration. Seconds, bytes and counts as named.

    origins        origins beside our own that browsers may call from
    trusted_hops   proxies in front of us whose X-Forwarded-* headers are believed
    """

    origins: frozenset[str] = frozenset()
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
    """Rates by key: the id of a user, a login or an invite, or an address.

    pages    what a visitor needs before anybody knows them, by address: wide, only against floods
    guests   people who come in by an invite, by its id
    invite_shares   those of them who come from one address, by both
    address_guests  guests of all invites, by address
    invited  addresses from which a valid invite was shown a while ago
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
    pictures: RateLimiter
    messages: RateLimiter
    saves: RateLimiter
    handshakes: RateLimiter
    slowed: RateLimiter
    accepts: RateLimiter


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that requests are answered with.

    clock         milliseconds since 1970
    bodies        what requests hold of their bodies while they arrive
    seen_logins   logins that were used since somebody last noted it in the store
    exports       three archives are put together at a time, of one user two
    strangers     requests of Socket.IO clients that have not signed in, which go through it one after another
    message_listeners  called with each chat message that is stored, and its sender
    limit_counters  how often each limit kept somebody from something
    problems      how often requests were answered with each error code
    workers       processes for what would hold the event loop
    is_draining   whether the server is about to stop
    """

    store: Store
    rooms: Rooms
    versions: Versions
    history_reader: HistoryReader
    redactor: Redactor
    text_changes: TextChanges
    tokens: Tokens
    passwords: Passwords
    password_tries: PasswordTries
    known_devices: KnownDevices
    limiters: Limiters
    connections: Connections
    avatars: Avatars
    pictures: Pictures
    settings: WebSettings
    clock: Callable[[], int]
    random_bytes: Callable[[int], bytes]
    is_draining: Callable[[], bool]
    limit_counters: LimitCounters = field(default_factory=LimitCounters)
    problems: Counter[str] = field(default_factory=Counter)
    workers: Workers = field(default_factory=Workers)
    lag: LagMeter = field(default_factory=LagMeter)
    bodies: Budget = field(default_factory=lambda: Budget(_BODIES_EACH_BYTES, _BODIES_BYTES))
    seen_logins: set[str] = field(default_factory=set)
    strangers: FairGate = field(default_factory=lambda: FairGate(_STRANGERS_PER_S, _STRANGERS_BURST, time.monotonic))
    exports: FairQueue = field(default_factory=lambda: FairQueue(3, 16, 64, 60.0))
    message_listeners: list[Callable[[Message, User], None]] = field(default_factory=list)
