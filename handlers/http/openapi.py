"""The API's description (OpenAPI 3.1), made from the same schemas that check requests."""

from dataclasses import dataclass
from typing import Any

from handlers.http import schemas
from handlers.http.schemas import Schema


@dataclass(frozen=True, slots=True)
class Operation:
    """One route and method. `path` is written as in the router's terms, with {names} for parameters.

    upload  field of multipart/form-data that holds a file
    """

    method: str
    path: str
    about: str
    answer: str
    status: int = 200
    schema: Schema | None = None
    query: tuple[str, ...] = ()
    needs_login: bool = True
    upload: str = ""


_PAGE = ("limit", "before")

OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", "/user/signup", "Make an account and sign in; a guest who does keeps what he wrote.", "user, accessToken, refreshToken, expiresIn; cookies", 201, schemas.SIGNUP, needs_login=False),
    Operation("POST", "/user/login", "Sign in with e-mail or user name.", "as for signup", schema=schemas.LOGIN, needs_login=False),
    Operation("POST", "/user/refresh", "Exchange the refresh token (cookie or body); an old one used again ends the login.", "as for signup", schema=schemas.REFRESH, needs_login=False),
    Operation("POST", "/user/logout", "End this login and close its sockets.", "message", schema=schemas.EMPTY),
    Operation("GET", "/user/me", "Who am I?", "the user"),
    Operation("PATCH", "/user/me", "Change the user name.", "the user", schema=schemas.ME),
    Operation("DELETE", "/user/me", "Delete the account; sessions pass to their eldest editor (transfer), or are deleted. Guests need no password.", "nothing", 204, schemas.DELETE_ME),
    Operation("POST", "/user/password", "Change the password; all other logins end.", "message, ended", schema=schemas.PASSWORD),
    Operation("GET", "/user/logins", "My logins, the one used last first.", "items: id, device, createdAt, lastUsedAt, expiresAt, current"),
    Operation("DELETE", "/user/logins", "End all my logins but this one.", "nothing", 204),
    Operation("DELETE", "/user/logins/{id}", "End one of my logins.", "nothing", 204),
    Operation("POST", "/user/avatar", "Upload a picture as multipart/form-data, field avatar: PNG, JPEG, WebP or GIF, at most 2 MiB and 4096 pixels a side.", "avatar", upload="avatar"),
    Operation("DELETE", "/user/avatar", "Remove my picture.", "avatar: null"),
    Operation("GET", "/user/{id}/avatar", "A user's picture, 256 × 256 WebP, unless it is kept at Cloudinary.", "image/webp", needs_login=False),
    Operation("POST", "/user/guest", "Enter one session with a name and an invite.", "as for signup, and sessionId, role", 201, schemas.GUEST, needs_login=False),
    Operation("POST", "/session", "Open a session, with first code if given.", "the session", 201, schemas.NEW_SESSION),
    Operation("GET", "/session", "My sessions, newest activity first.", "items, next", query=_PAGE),
    Operation("GET", "/session/{id}", "One session with its members.", "the session"),
    Operation("PATCH", "/session/{id}", "Change a session; status ended makes it read-only (owner).", "the session", schema=schemas.SESSION),
    Operation("DELETE", "/session/{id}", "Delete a session with its code, versions and chat (owner).", "nothing", 204),
    Operation("POST", "/session/{id}/join", "Become a member: of a session with link access, or by an invite.", "session, role", schema=schemas.JOIN),
    Operation("POST", "/session/{id}/leave", "Stop being a member.", "nothing", 204, schemas.EMPTY),
    Operation("PATCH", "/session/{id}/members/{userId}", "Change a member's role, at once also on open sockets; role owner hands the session over (owner).", "the member", schema=schemas.MEMBER),
    Operation("DELETE", "/session/{id}/members/{userId}", "Remove a member and close his sockets (owner).", "nothing", 204),
    Operation("POST", "/session/{id}/invites", "Make an invite (owner); its secret is shown this once.", "id, invite, url, role, expiresAt, maxUses, usesLeft", 201, schemas.INVITE),
    Operation("GET", "/session/{id}/invites", "Invites and who used them, newest first (owner).", "items, next", query=_PAGE),
    Operation("DELETE", "/session/{id}/invites/{inviteId}", "Revoke an invite (owner).", "nothing", 204),
    Operation("POST", "/session/{id}/ticket", "A pass for one WebSocket to this session, good for 60 s.", "ticket, expiresIn", schema=schemas.EMPTY),
    Operation("GET", "/invite/{invite}", "What an invite leads to.", "session, role, invitedBy, expiresAt", needs_login=False),
    Operation("POST", "/chat/send", "Send a chat message.", "the message", 201, schemas.MESSAGE),
    Operation("GET", "/chat/{sessionId}", "Chat messages, oldest first; next leads to older ones.", "messages, next", query=_PAGE),
    Operation("POST", "/chat/{sessionId}/read", "Note that I have read the chat, up to a message's sequence or all of it.", "unread", schema=schemas.READ),
    Operation("POST", "/code/{sessionId}/save", "Save a version; with code, the live document first becomes that by a small edit. 200 if nothing changed.", "the version", 201, schemas.SAVE),
    Operation("GET", "/code/{sessionId}/latest", "The newest version; live=true: the document as it is now.", "the version", query=("live",)),
    Operation("POST", "/code/{sessionId}/restore", "Bring the document, or one root of it, back to a version; editors see it as an edit.", "the new version", 201, schema=schemas.RESTORE),
    Operation("GET", "/code/{sessionId}/diff", "What differs between two versions; to=live (or none) is the document as it is, from=0 the empty one, no from the version before.", "from, to, files", query=("from", "to")),
    Operation("GET", "/code/{sessionId}/timeline", "Who typed when and how much, for a slider, with versions and chat as marks.", "first, last, duration, sequence, authors, entries, marks, next", query=("after",)),
    Operation("GET", "/code/{sessionId}/at/{sequence}", "The document as it was after that update; 0 is before the first one.", "sessionId, sequence, code, files"),
    Operation("GET", "/code/{sessionId}/export", "zip: every version as files, the chat and who took part. replay: one HTML file that plays by itself. git: a bundle with a commit a version.", "the file", query=("format",)),
    Operation("GET", "/code/{sessionId}/replay", "What each update changed, from a position on, for a player.", "from, to, at, files, roots, authors, steps, next", query=("from", "to")),
    Operation("GET", "/code/{sessionId}/blame", "Who wrote each line and each run of a text as it is, and when.", "root, sequence, authors, lines, runs", query=("root",)),
    Operation("POST", "/code/{sessionId}/redact", "Take a text that was there between two updates out of log, versions and exports (owner).", "from, to, characters, updates, versions", schema=schemas.REDACT),
    Operation("GET", "/code/{sessionId}/versions", "Versions, newest first; fields=meta leaves the texts out.", "versions, next", query=(*_PAGE, "fields")),
    Operation("GET", "/code/{sessionId}/versions/{n}", "One version.", "the version"),
    Operation("GET", "/sync/{sessionId}", "WebSocket for Yjs (y-websocket protocol); sign in by cookie, ticket=, token=, or sub-protocol.", "switching protocols", 101, query=("ticket", "token", "saved", "notes")),
    Operation("GET", "/metrics", "What the process is doing, for Prometheus", "text", needs_login=False),
    Operation("GET", "/healthz", "Is the process alive?", "status, version", needs_login=False),
    Operation("GET", "/readyz", "Should it get traffic? 503 while the store is away or the server stops.", "status", needs_login=False),
)  # fmt: skip

ERRORS: tuple[tuple[int, str, str], ...] = (
    (400, "bad_json", "The body is not a JSON object."),
    (401, "not_signed_in", "No valid token, or the login has ended."),
    (401, "token_expired", "The access token has expired: refresh it."),
    (401, "bad_credentials", "Name or password is wrong."),
    (400, "bad_handshake", "The address is for WebSockets, and this is no handshake of one."),
    (403, "forbidden", "Your role does not allow this."),
    (403, "bad_origin", "The request comes from a page of another site."),
    (404, "not_found", "There is no such thing, or you may not know of it."),
    (405, "method_not_allowed", "The route does not know this method."),
    (409, "conflict", "Taken already, or impossible as things are; errors names the field."),
    (409, "session_ended", "The session has ended and is read-only."),
    (409, "limit_reached", "No more of these can be added."),
    (409, "quarantined", "The stored document is damaged and was taken out of service."),
    (413, "too_large", "The body or the document is over a limit."),
    (415, "unsupported_media_type", "Send JSON as application/json."),
    (422, "invalid", "Fields are wrong; errors says which and why."),
    (426, "upgrade_required", "The address is for WebSockets."),
    (429, "rate_limited", "Too much at once; Retry-After says how many seconds to wait."),
    (503, "unavailable", "The store is away or the server stops; Retry-After says when to try again."),
)


def document(version: str) -> dict[str, Any]:
    """Return the OpenAPI description."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "collab-server", "version": version},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "accessToken"},
            },
            "schemas": {"Problem": _PROBLEM},
        },
    }


_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": [code for _, code, _ in ERRORS] + ["internal", "bad_request"]},
        "message": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "latest": {"type": "string", "description": "where the last saved version is, of a session that is quarantined"},
        "requestId": {"type": "string"},
    },
}


def _describe(operation: Operation) -> dict[str, Any]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    parameters += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in operation.query]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    described: dict[str, Any] = {
        "summary": operation.about,
        "parameters": parameters,
        "responses": {
            str(operation.status): {"description": operation.answer},
            "default": {"description": "an error", "content": problem},
        },
        "security": [{"bearer": []}, {"cookie": []}] if operation.needs_login else [],
    }
    if operation.schema is not None:
        described["requestBody"] = {"content": {"application/json": {"schema": json_schema(operation.schema)}}}
    if operation.upload:
        file = {"type": "string", "contentMediaType": "application/octet-stream"}
        form = {"type": "object", "properties": {operation.upload: file}, "required": [operation.upload]}
        described["requestBody"] = {"content": {"multipart/form-data": {"schema": form}}}
    return described


def json_schema(schema: Schema) -> dict[str, Any]:
    """Translate the Cerberus rules that we use to JSON Schema."""
    alternatives = [name for name, rules in schema.items() if "excludes" in rules]
    required = [name for name, rules in schema.items() if rules.get("required") and name not in alternatives]
    translated: dict[str, Any] = {
        "type": "object",
        "properties": {name: _rules(rules) for name, rules in schema.items()},
        "required": required,
        "additionalProperties": False,
    }
    if alternatives:
        translated["oneOf"] = [{"required": [name]} for name in alternatives]
    return translated


def _rules(rules: Any) -> dict[str, Any]:
    names = {
        "type": "type",
        "minlength": "minLength",
        "maxlength": "maxLength",
        "allowed": "enum",
        "min": "minimum",
        "max": "maximum",
    }
    return {names[name]: value for name, value in rules.items() if name in names}
