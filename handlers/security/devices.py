"""Makes names of devices for the list of a user's logins."""

import re

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
"""(token in the User-Agent header, name). Edge also has Chrome's token, for example,
so Edge comes first."""

_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)

_PRODUCT = re.compile(r"[\w.+-]+(/[\w.+-]+)?")
_MAX_CHARACTERS = 120
UNKNOWN = "unknown device"


def label(user_agent: str) -> str:
    """Return a name such as "Firefox on Linux" for a browser, or another program's own name."""
    system = next((name for token, name in _SYSTEMS if token in user_agent), "")
    browser = next((name for token, name in _BROWSERS if f"{token}/" in user_agent), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    product = _PRODUCT.match(user_agent)
    return product[0][:_MAX_CHARACTERS] if product else UNKNOWN
