"""The table of the API's operations.

`handlers.http.api_docs.openapi` makes the API's description from it and from `error_codes`, and
tests compare both with the server. Bodies and queries are the rules that handlers check. Answers
are the types of the handlers' answers.
"""

from dataclasses import dataclass
from typing import Any

from handlers.http import queries, schemas
from handlers.http.schemas import Schema
from handlers.http.views.chat import Message, Messages, Unread
from handlers.http.views.code import (
    Files,
    LiveDocument,
    Moment,
    Redaction,
    Restored,
    Version,
    Versions,
)
from handlers.http.views.differences import Difference
from handlers.http.views.history import Blame, Replay
from handlers.http.views.people import (
    Avatar,
    GuestSignedIn,
    Logins,
    PasswordChanged,
    SignedIn,
    Usage,
    User,
)
from handlers.http.views.problems import Confirmation, Features, Liveness, Readiness
from handlers.http.views.programs.program_tests import OneProgramTest, ProgramTests
from handlers.http.views.runs import Languages, OneRun, RemoteRun, Runs
from handlers.http.views.sessions import (
    ChangedSession,
    Compacted,
    Invites,
    Joined,
    LinkPreview,
    MemberRole,
    NewInvite,
    Preview,
    Session,
    Sessions,
    Ticket,
)
from handlers.http.views.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Media:
    """An answer that is not JSON. The field lists its possible content types."""

    content_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One route and method.

    path      the route's path, with {names} for parameters
    name      the operationId, by which generated clients name their functions
    answer    the type of the answer (or several types, joined by |), Media, or None for no body
    statuses  statuses of successful answers
    errors    error codes of this operation, in addition to the codes that its path, method and body
              imply (`openapi.codes_of`)
    upload    field of multipart/form-data that holds a file
    """

    method: str
    path: str
    name: str
    about: str
    answer: Any  # no type covers both a class and a union of classes
    statuses: tuple[int, ...] = (200,)
    body: Schema | None = None
    query: Schema | None = None
    errors: tuple[str, ...] = ()
    needs_login: bool = True
    upload: str = ""


_MEMBERS = ("forbidden",)
_DOCUMENT = ("quarantined", "text_unavailable")
_VERSIONS = (*_DOCUMENT, "damaged")
_TESTS = ("forbidden", "session_ended", "limit_reached")
_WRITES = (
    "forbidden",
    "session_ended",
    "limit_reached",
    "quarantined",
    "text_unavailable",
    "too_large",
)
_TEXT = Media(("text/plain",))

OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", "/user/signup", "signUp",
              "Make an account and sign in. A guest keeps everything that they wrote.", SignedIn,
              (201,), schemas.SIGNUP, errors=("conflict", "token_expired", "not_found"),
              needs_login=False),
    Operation("POST", "/user/login", "logIn", "Sign in with e-mail or user name.", SignedIn,
              body=schemas.LOGIN, errors=("bad_credentials", "not_found"), needs_login=False),
    Operation("POST", "/user/refresh", "refreshLogin",
              "Exchange the refresh token (cookie or body). If a used token comes again, the login ends.",
              SignedIn, body=schemas.REFRESH, errors=("not_signed_in",), needs_login=False),
    Operation("POST", "/user/logout", "logOut", "End this login and close its sockets.",
              Confirmation, body=schemas.EMPTY),
    Operation("GET", "/user/me", "getMe", "Who am I?", User),
    Operation("PATCH", "/user/me", "renameMe", "Change the user name.", User, body=schemas.ME,
              errors=("conflict",)),
    Operation("DELETE", "/user/me", "deleteMe",
              "Delete the account; sessions pass to their eldest editor (transfer), or are "
              "deleted. Guests need no password.", None, (204,), schemas.DELETE_ME),
    Operation("GET", "/user/usage", "getUsage",
              "How many sessions I own, and how many bytes they take.", Usage),
    Operation("POST", "/user/password", "changePassword",
              "Change the password; all other logins end.", PasswordChanged, body=schemas.PASSWORD,
              errors=("conflict",)),
    Operation("POST", "/user/password/forgot", "requestPasswordReset",
              "Mail a link for a new password, if an account has this address. The answer is the same "
              "if none has.", Confirmation, (202,), schemas.FORGOT, errors=("not_found",),
              needs_login=False),
    Operation("POST", "/user/password/reset", "resetPassword",
              "Choose a new password by the token of such a link; all logins end.", PasswordChanged,
              body=schemas.RESET, errors=("not_found",), needs_login=False),
    Operation("POST", "/user/email", "changeEmail", "Change the e-mail address.", User,
              body=schemas.EMAIL, errors=("forbidden", "conflict")),
    Operation("GET", "/user/logins", "listLogins", "My logins, most recently used first.", Logins),
    Operation("DELETE", "/user/logins", "endOtherLogins", "End all my logins but this one.", None,
              (204,)),
    Operation("DELETE", "/user/logins/{id}", "endLogin", "End one of my logins.", None, (204,)),
    Operation("POST", "/user/avatar", "uploadAvatar",
              "Upload a picture as multipart/form-data, field avatar: PNG, JPEG, WebP or GIF, at "
              "most 2 MiB and 4096 pixels a side.", Avatar, errors=("not_found",), upload="avatar"),
    Operation("DELETE", "/user/avatar", "removeAvatar", "Remove my picture.", Avatar),
    Operation("GET", "/user/{id}/avatar", "getAvatar",
              "A user's picture, 256 × 256 WebP, unless it is kept at Cloudinary.",
              Media(("image/webp",)), needs_login=False),
    Operation("POST", "/user/guest", "enterAsGuest",
              "Enter the session of an invite, or without one a new session of your own.",
              GuestSignedIn, (201,), schemas.GUEST, errors=("not_found", "limit_reached"),
              needs_login=False),
    Operation("POST", "/session", "createSession", "Open a session, perhaps with initial code.",
              Session, (201,), schemas.NEW_SESSION, errors=("forbidden", "limit_reached")),
    Operation("GET", "/session", "listSessions", "My sessions, newest activity first.", Sessions,
              query=queries.PAGE),
    Operation("GET", "/session/{id}", "getSession", "One session with its members.", Session),
    Operation("PATCH", "/session/{id}", "changeSession",
              "Change a session; status ended makes it read-only (owner).", ChangedSession,
              body=schemas.SESSION, errors=_MEMBERS),
    Operation("DELETE", "/session/{id}", "deleteSession",
              "Delete a session with its code, versions and chat (owner).", None, (204,),
              errors=_MEMBERS),
    Operation("POST", "/session/{id}/join", "joinSession",
              "Become a member: of a session with link access, or by an invite.", Joined,
              body=schemas.JOIN, errors=("forbidden", "limit_reached")),
    Operation("POST", "/session/{id}/leave", "leaveSession", "Stop being a member.", None, (204,),
              schemas.EMPTY, errors=("conflict",)),
    Operation("POST", "/session/{id}/compact", "compactSession",
              "Remove all deleted content from the document; the log keeps it, editors notice "
              "nothing (owner).", Compacted, body=schemas.EMPTY,
              errors=("forbidden", "quarantined")),
    Operation("PATCH", "/session/{id}/members/{userId}", "changeMember",
              "Change a member's role, immediately also on open sockets; role owner hands the "
              "session over (owner).", MemberRole, body=schemas.MEMBER,
              errors=("forbidden", "conflict", "limit_reached")),
    Operation("DELETE", "/session/{id}/members/{userId}", "removeMember",
              "Remove a member and close their sockets (owner).", None, (204,),
              errors=("forbidden", "conflict")),
    Operation("POST", "/session/{id}/invites", "createInvite",
              "Make an invite (owner); its secret is shown this once.", NewInvite, (201,),
              schemas.INVITE, errors=("forbidden", "limit_reached")),
    Operation("GET", "/session/{id}/invites", "listInvites",
              "Invites and who used them, newest first (owner).", Invites, query=queries.PAGE,
              errors=_MEMBERS),
    Operation("DELETE", "/session/{id}/invites/{inviteId}", "revokeInvite",
              "Revoke an invite (owner).", None, (204,), errors=_MEMBERS),
    Operation("POST", "/session/{id}/ticket", "createTicket",
              "A pass for one WebSocket to this session, good for 60 s.", Ticket,
              body=schemas.EMPTY),
    Operation("POST", "/session/{id}/runs", "addRun",
              "Report a run of a program in my browser; the session's runs says who may.", OneRun,
              (201,), schemas.RUN,
              errors=("forbidden", "may_not_run", "session_ended", "limit_reached")),
    Operation("POST", "/session/{id}/runs/remote", "runRemotely",
              "Have a program run by the service that this server knows; 404 if it knows none.",
              RemoteRun, (201,), schemas.REMOTE_RUN,
              errors=("forbidden", "may_not_run", "session_ended", "limit_reached",
                      "quarantined", "text_unavailable")),
    Operation("GET", "/session/{id}/runs/remote", "listRemoteLanguages",
              "The languages of the service that this server knows; 404 if it knows none.",
              Languages),
    Operation("GET", "/session/{id}/runs", "listRuns", "Runs of programs, newest first.", Runs,
              query=queries.RUNS),
    Operation("GET", "/session/{id}/runs/{n}", "getRun", "One run.", OneRun, errors=("damaged",)),
    Operation("GET", "/session/{id}/tests", "listTests",
              "Tests of the session's programs, in order; only staff get hidden ones.",
              ProgramTests),
    Operation("POST", "/session/{id}/tests", "addTest",
              "Add a test at the end; only staff may add hidden ones.", OneProgramTest, (201,),
              schemas.NEW_TEST, errors=_TESTS),
    Operation("POST", "/session/{id}/tests/order", "orderTests",
              "Bring the named tests into this order; they share the places that they have.",
              ProgramTests, body=schemas.TEST_ORDER, errors=("forbidden", "session_ended")),
    Operation("PATCH", "/session/{id}/tests/{testId}", "changeTest",
              "Change fields of a test; only staff may hide it.", OneProgramTest,
              body=schemas.TEST, errors=(*_TESTS, "damaged")),
    Operation("DELETE", "/session/{id}/tests/{testId}", "deleteTest", "Delete a test.", None,
              (204,), errors=("forbidden", "session_ended")),
    Operation("GET", "/session/{id}/preview", "previewSession",
              "The session that a link leads to, if the link lets people in.", LinkPreview,
              needs_login=False),
    Operation("GET", "/invite/{invite}", "previewInvite",
              "The session that an invite leads to.", Preview,
              needs_login=False),
    Operation("POST", "/chat/send", "sendMessage", "Send a chat message.", Message, (201,),
              schemas.MESSAGE, errors=("not_found", "session_ended")),
    Operation("GET", "/chat/{sessionId}", "listMessages",
              "Chat messages, oldest first; next leads to older ones.", Messages,
              query=queries.MESSAGES),
    Operation("POST", "/chat/{sessionId}/read", "readMessages",
              "Note that I have read the chat, up to a message's sequence or all of it.", Unread,
              body=schemas.READ),
    Operation("POST", "/code/{sessionId}/save", "saveVersion",
              "Save a version; with code, small edits first turn the live document into that text. "
              "200 if nothing changed.", Version, (201, 200), schemas.SAVE, errors=_WRITES),
    Operation("GET", "/code/{sessionId}/latest", "getLatest",
              "The newest version; live=true: the document as it is now.", Version | LiveDocument,
              query=queries.LATEST, errors=_VERSIONS),
    Operation("GET", "/code/{sessionId}/files", "listFiles",
              "The files that the document has now, in order, with names and lengths, then its maps, "
              "arrays and XML; deleted=true: also the deleted files.",
              Files, query=queries.FILES, errors=_DOCUMENT),
    Operation("POST", "/code/{sessionId}/restore", "restoreVersion",
              "Bring the document, or one text of it, back to a version; editors see it as an "
              "edit. 200 if it is like that already.", Restored, (201, 200), schemas.RESTORE,
              errors=(*_WRITES, "damaged")),
    Operation("GET", "/code/{sessionId}/diff", "getDifference",
              "Differences between two versions. to=live, the default, is the present document, and "
              "from=0 the empty one. The default of from is the version before to.", Difference,
              query=queries.DIFF,
              errors=(*_VERSIONS, "too_large")),
    Operation("GET", "/code/{sessionId}/timeline", "getTimeline",
              "Edits with authors, times and amounts, for a slider; versions and chat are marks.",
              Timeline, query=queries.TIMELINE, errors=_DOCUMENT),
    Operation("GET", "/code/{sessionId}/at/{sequence}", "getMoment",
              "The document as it was after that update; 0 is before the first one.", Moment,
              errors=_DOCUMENT),
    Operation("GET", "/code/{sessionId}/export", "exportSession",
              "zip: every version as files, the chat and the members. replay: one HTML file that "
              "plays without a server. git: a bundle with a commit for each version.",
              Media(("application/zip", "text/html", "application/octet-stream")),
              query=queries.EXPORT, errors=_DOCUMENT),
    Operation("GET", "/code/{sessionId}/replay", "getReplay",
              "The changes of each update after a log position, for a player.", Replay,
              query=queries.REPLAY, errors=_DOCUMENT),
    Operation("GET", "/code/{sessionId}/blame", "getBlame",
              "The author and time of each line and each run of the present text.", Blame,
              query=queries.BLAME, errors=_DOCUMENT),
    Operation("POST", "/code/{sessionId}/redact", "redact",
              "Remove a text that the document had between two updates from log, versions, runs and "
              "exports (owner).", Redaction, body=schemas.REDACT,
              errors=("forbidden", "limit_reached", "quarantined")),
    Operation("GET", "/code/{sessionId}/versions", "listVersions",
              "Versions, newest first; fields=meta leaves the texts out.", Versions,
              query=queries.VERSIONS),
    Operation("GET", "/code/{sessionId}/versions/{n}", "getVersion", "One version.", Version,
              errors=("damaged",)),
    Operation("GET", "/sync/{sessionId}", "sync",
              "WebSocket for Yjs (y-websocket protocol); sign in by cookie, ticket=, token=, or "
              "sub-protocol.", None, (101,), query=queries.SYNC,
              errors=("bad_handshake", "bad_origin", "upgrade_required")),
    Operation("GET", "/metrics", "getMetrics", "What the process is doing, for Prometheus", _TEXT,
              errors=("forbidden",), needs_login=False),
    Operation("GET", "/features", "getFeatures", "What does this server offer?", Features,
              needs_login=False),
    Operation("GET", "/healthz", "getLiveness", "Is the process alive?", Liveness,
              needs_login=False),
    Operation("GET", "/readyz", "getReadiness",
              "Should it get traffic? 503 while the store is away or the server stops.", Readiness,
              (200, 503), needs_login=False),
)  # fmt: skip
