"""Makes the page for a browser that has to wait. It shows the reason and reloads by itself."""

from html import escape

from handlers.errors import ApiError

CSP = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
    "'none'"
)
RETRY_AFTER = "Retry-After"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{wait_s}">
<title>One moment</title>
<link rel="stylesheet" href="/static/style.css">
</head>
<body>
<main>
<h1>One moment</h1>
<p role="alert">{message}</p>
<p>This page tries again by itself.</p>
</main>
</body>
</html>
"""


def is_wanted(method: str, accept: str) -> bool:
    """Whether a request is a browser's request for a page, and not one of a script or program."""
    return method == "GET" and "text/html" in accept


def render(error: ApiError, later_s: int) -> str:
    """Return the page for a temporary error.

    later_s  seconds to add to the error's wait. With different values, browsers that were refused
             together do not return together
    """
    return _PAGE.format(
        wait_s=int(error.headers[RETRY_AFTER]) + later_s, message=escape(error.message)
    )
