"""Origins that a request may claim, and the rule by which the server judges them."""

ALLOWED = "https://editor.example.org"
EVIL = "https://evil.example.org"
ORIGINS = {
    "no origin": None,
    "own": "{own}",
    "own in capitals": "{OWN}",
    "allowed": ALLOWED,
    "another site": EVIL,
    "null": "null",
    "empty": "",
    "own, other scheme": "{own_tls}",
    "own, other port": "{own}0",
    "own as subdomain": "{own}.evil.example.org",
    "own as user": "http://localhost@evil.example.org",
    "allowed, other scheme": "http://editor.example.org",
    "allowed as prefix": ALLOWED + ".evil.org",
}
SITES = [None, "same-origin", "same-site", "cross-site", "none", ""]
FOREIGN = [
    ("another site", "cross-site"), ("null", "cross-site"), ("no origin", "cross-site"),
    ("no origin", "same-site"),
    ("no origin", None), ("own, other port", "same-site"),
]  # fmt: skip


def may_use_cookies(origin: str, site: str | None) -> bool:
    """Whether cookies count.

    The header Origin decides. Without it, the header Sec-Fetch-Site decides.
    """
    if origin != "no origin":
        return origin in ("own", "own in capitals", "allowed")
    return site in ("same-origin", "none")


def headers_of(url: str, origin: str, site: str | None) -> dict[str, str]:
    value = ORIGINS[origin]
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    if value is not None:
        headers["Origin"] = value.format(
            own=url, OWN=url.upper(), own_tls=url.replace("http", "https", 1)
        )
    return headers
