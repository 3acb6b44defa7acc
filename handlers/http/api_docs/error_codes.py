"""All error codes of the API, with their statuses and meanings, for its description.

`handlers.errors` turns the server's errors into them. Which codes an operation may answer is said
in `handlers.http.api_docs.operations`.
"""

ERRORS: tuple[tuple[int, str, str], ...] = (
    (400, "bad_json", "The body is not a JSON object."),
    (401, "not_signed_in", "No valid token, or the login has ended."),
    (401, "token_expired", "The access token has expired: refresh it."),
    (401, "bad_credentials", "Name or password is wrong."),
    (400, "bad_handshake", "The address is for WebSockets; the request is not a valid handshake."),
    (403, "forbidden", "Your role does not allow this."),
    (403, "may_not_run", "The owner lets only others, or nobody, run programs here."),
    (403, "bad_origin", "The request comes from a page of another site."),
    (404, "not_found", "It does not exist, or you may not see it."),
    (405, "method_not_allowed", "The route does not know this method."),
    (
        409,
        "conflict",
        "Another user has this value, or the present state does not allow this; errors "
        "names the field.",
    ),
    (409, "session_ended", "The session has ended and is read-only."),
    (409, "limit_reached", "No more of these can be added."),
    (409, "quarantined", "The stored document is damaged and was taken out of service."),
    (
        409,
        "damaged",
        "A stored version or another row is damaged; everything else can be used.",
    ),
    (
        409,
        "text_unavailable",
        "The server cannot read texts from the document; its editors can go on.",
    ),
    (413, "too_large", "The body, the document, or the work for the request is over a limit."),
    (415, "unsupported_media_type", "Send JSON as application/json."),
    (422, "invalid", "Fields are wrong; errors says which and why."),
    (426, "upgrade_required", "The address is for WebSockets."),
    (429, "rate_limited", "Too many requests in a short time; Retry-After says when to try again."),
    (
        503,
        "unavailable",
        "The store is away, the server stops, or too much work waits; Retry-After "
        "says when to try again.",
    ),
)
OTHER_CODES = ("internal", "bad_request")
"""Error codes that any operation may have, and that no client can act on."""
