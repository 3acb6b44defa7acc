"""The table from exceptions to HTTP answers (RFC 9457, docs/api.md)."""

import math
from dataclasses import dataclass, field

from crdt.errors import (
    LimitExceeded,
    NoText,
    OutputTooLarge,
    RoomDamaged,
    RoomSetAside,
    RoomUnavailable,
    RunForbidden,
    TextUnavailable,
    VersionDamaged,
    WorkError,
    WorkTooLarge,
)
from handlers.close_codes import Close
from storage.errors import (
    Conflict,
    LimitReached,
    LogConflict,
    NotFound,
    NotOwner,
    Outdated,
    OwnerStays,
    QuotaReached,
    RowDamaged,
    StoreUnavailable,
    TokenReused,
)

_RETRY_AFTER_S = 5
_QUOTA_ADVICE = "Delete sessions that are not needed any more, or hand them over to somebody else."
_SECONDS_SAID = 90
_MINUTES_SAID = 90
"""A wait of up to this many seconds is shown in seconds.
A wait of up to this many minutes is shown in minutes, and a longer wait in hours."""


@dataclass
class ApiError(Exception):
    """An error that becomes the answer of a handler.

    code    a stable word; docs/api.md lists all words
    errors  {field: [sentences about its faults]} for wrong input
    latest  the path of the last saved version, if the document itself cannot be read
    limit   the name of the setting whose limit was exceeded;
            programs read it, because messages for users do not have it
    """

    status: int
    code: str
    message: str
    errors: dict[str, list[str]] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    latest: str = ""
    limit: str = ""

    def __str__(self) -> str:
        return self.message


def not_signed_in(message: str = Close.NOT_SIGNED_IN.message) -> ApiError:
    """Return 401: the request has no valid token."""
    return ApiError(401, Close.NOT_SIGNED_IN.word, message, headers={"WWW-Authenticate": "Bearer"})


def token_expired() -> ApiError:
    """Return 401: the access token has expired, and can be refreshed."""
    close = Close.TOKEN_EXPIRED
    return ApiError(401, close.word, close.message, headers={"WWW-Authenticate": "Bearer"})


def forbidden(message: str) -> ApiError:
    """Return 403: the role does not allow this."""
    return ApiError(403, Close.FORBIDDEN.word, message)


def may_not_run(runners: str) -> ApiError:
    """Return 403: the owner lets this member run no programs; `runners` is the session's rule."""
    who = {"editors": "only editors", "nobody": "nobody"}.get(runners, f"only {runners}")
    return ApiError(403, "may_not_run", f"The owner of this session lets {who} run programs here.")


def removed() -> ApiError:
    """Return 403: the owner removed the user from the session."""
    return ApiError(403, Close.REMOVED.word, Close.REMOVED.message)


def too_many(message: str, limit: str) -> ApiError:
    """Return 429: one more would exceed the limit with this name."""
    return ApiError(429, Close.TOO_MANY.word, message, limit=limit)


def bad_origin() -> ApiError:
    """Return 403: the page that sent the request belongs to another origin."""
    return ApiError(403, "bad_origin", "Requests from this origin are not allowed here.")


def no_origin(instead: str = "the access token as Authorization: Bearer <token>") -> ApiError:
    """Return 403: a cookie signs the request in, but no header names its origin.

    instead  the credentials that a client other than a browser has to send, for the message
    """
    return ApiError(
        403,
        "bad_origin",
        "A request that is signed in by a cookie needs an Origin header, as browsers send it."
        f" Send {instead}, or add the server's Origin.",
    )


def bad_handshake() -> ApiError:
    """Return 400: the request is not a WebSocket handshake as RFC 6455 defines it."""
    return ApiError(
        400, "bad_handshake", "This is no handshake of a WebSocket (RFC 6455, section 4.2.1)."
    )


def not_found(what: str = "page") -> ApiError:
    """Return 404: `what` does not exist."""
    return ApiError(404, Close.NOT_FOUND.word, f"There is no such {what}.")


def invalid(errors: dict[str, list[str]]) -> ApiError:
    """Return 422: fields are wrong. The message is about the first wrong field."""
    name, messages = next(iter(errors.items()))
    return ApiError(422, "invalid", f"{name}: {messages[0]}", errors)


def bad_invite() -> ApiError:
    """Return 404: the invite cannot be used. All reasons have the same answer."""
    return ApiError(
        404, Close.NOT_FOUND.word, "This invite is unknown, used up, expired or revoked."
    )


def session_ended() -> ApiError:
    """Return 409: an ended session cannot be changed."""
    return ApiError(409, "session_ended", "The session has ended: it can be read, but not changed.")


def rate_limited(wait_s: int, message: str = "Too many requests.") -> ApiError:
    """Return 429: the client may try again in `wait_s` seconds."""
    headers = {"Retry-After": str(wait_s)}
    return ApiError(
        429, "rate_limited", f"{message} Try again in {in_words(wait_s)}.", headers=headers
    )


def in_words(seconds: int) -> str:
    """Return a wait in words, rounded up: "40 seconds", "2 minutes", "3 hours"."""
    if seconds < _SECONDS_SAID:
        number, unit = seconds, "second"
    elif seconds < _MINUTES_SAID * 60:
        number, unit = math.ceil(seconds / 60), "minute"
    else:
        number, unit = math.ceil(seconds / 3_600), "hour"
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def out_of_service(error: RoomDamaged | TextUnavailable) -> ApiError:
    """Return 409: the session's document cannot be used, or only its texts cannot be read."""
    if isinstance(error, TextUnavailable):
        return ApiError(409, "text_unavailable", f"{_sentence(error)} Its editors can go on.")
    if isinstance(error, RoomSetAside):
        return ApiError(
            409, Close.QUARANTINED.word, f"The session is {error}, because the server failed in it."
        )
    return ApiError(
        409, Close.QUARANTINED.word, "The stored document is damaged and was taken out of service."
    )


def damaged(what: str) -> ApiError:
    """Return 409: a stored row differs from the written row.

    what  the row's name in the message, with an article or a number
    """
    return ApiError(
        409,
        "damaged",
        f"{what} is damaged in the store and cannot be shown. Everything else can be used.",
    )


def malformed() -> ApiError:
    """Return 400: the update cannot be read or merged."""
    return ApiError(400, Close.MALFORMED.word, "This cannot be merged into the document.")


def internal() -> ApiError:
    """Return 500: the server failed."""
    return ApiError(500, Close.INTERNAL.word, "Something went wrong here; it was logged.")


def unavailable(message: str = "The server cannot do this now.") -> ApiError:
    """Return 503: the client should try again soon."""
    return ApiError(
        503,
        Close.UNAVAILABLE.word,
        f"{message} Try again soon.",
        headers={"Retry-After": str(_RETRY_AFTER_S)},
    )


def too_large(message: str, limit: str = "") -> ApiError:
    """Return 413: the request or the document is too large.

    limit  the name of the limit's setting, "" if no setting changes the limit
    """
    return ApiError(413, Close.TOO_LARGE.word, message, limit=limit)


def to_api_error(error: BaseException) -> ApiError | None:  # noqa: C901, PLR0911, PLR0912  # a table, one row for each error
    """Return the ApiError for an error that rooms or stores raise; None for an unexpected error."""
    match error:
        case ApiError():
            return error
        case NotFound():
            return not_found(str(error))
        case Conflict(field=name, is_alike=is_alike):
            return _in_use(name, is_alike)
        case NotOwner():
            return forbidden("This session has another owner now.")
        case Outdated() | LogConflict():
            return _conflict("Somebody else has changed this meanwhile. Look at it again.")
        case OwnerStays():
            return _conflict("The owner stays until somebody else is made the owner.")
        case QuotaReached(setting=setting):
            message = f"{_sentence(error)} {_QUOTA_ADVICE}"
            return ApiError(409, "limit_reached", message, limit=setting)
        case LimitReached():
            return ApiError(409, "limit_reached", f"{_sentence(error, ':')} no more can be added.")
        case TokenReused():
            return not_signed_in(
                "This refresh token was used before; the login has ended everywhere."
            )
        case RunForbidden(runners=runners):
            return may_not_run(runners)
        case OutputTooLarge(field=name):
            return ApiError(413, Close.TOO_LARGE.word, _sentence(error), {name: [_sentence(error)]})
        case LimitExceeded(limit=limit):
            return too_large(_sentence(error), limit)
        case WorkTooLarge():
            return too_large(_sentence(error))
        case NoText():
            return invalid({"root": [f"must be a text; these roots are not: {error}"]})
        case RoomDamaged() | TextUnavailable():
            return out_of_service(error)
        case VersionDamaged(number=number):
            return damaged(f"Version {number}")
        case RowDamaged():
            return damaged("What was asked for")
        case RoomUnavailable() | StoreUnavailable() | WorkError():
            return unavailable()
    return None


def _conflict(message: str) -> ApiError:
    return ApiError(409, "conflict", message)


def _in_use(field: str, is_alike: bool) -> ApiError:
    """Return 409: another user has the same value of a field, or a value that looks like it."""
    what = {"email": "e-mail address", "username": "user name"}.get(field, field)
    message = f"This {what} looks like one that is taken." if is_alike else f"This {what} is taken."
    return ApiError(409, "conflict", message, {field: [message]})


def _sentence(error: Exception, end: str = ".") -> str:
    """Return the message of an error as a sentence.

    Only the first letter changes: `str.capitalize` would also change units such as MiB.
    """
    message = str(error)
    return message[:1].upper() + message[1:] + end
