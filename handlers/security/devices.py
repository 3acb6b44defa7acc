"""What a device is called in the list of somebody's logins."""

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
"""Token and name, those first whose makers also claim to be the later ones."""

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
    """Return "Firefox on Linux" for a browser, the program's own name for others."""
    system = next((name for token, name in _SYSTEMS if token in user_agent), "")
    browser = next((name for token, name in _BROWSERS if f"{token}/" in user_agent), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    product = _PRODUCT.match(user_agent)
    return product[0][:_MAX_CHARACTERS] if product else UNKNOWN
