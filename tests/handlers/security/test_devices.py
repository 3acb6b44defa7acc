"""Tests the names of devices in the list of logins."""

import pytest

from handlers.security import devices

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/128.0.0.0 "
         "Safari/537.36", "Chrome on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/128.0.0.0 "
         "Safari/537.36 Edg/128.0.0.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/17.6 "
         "Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
         "Gecko) "
         "Version/17.6 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/128.0.0.0 Mobile "
         "Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/128.0.0.0 "
         "Safari/537.36", "Chrome on ChromeOS"),
        ("curl/8.9.1", "curl/8.9.1"),
        ("", "unknown device"),
        ("<script>alert(1)</script>", "unknown device"),
        ("a" * 5_000, "a" * 120),
    ],
)  # fmt: skip
def test_device_name_says_browser_and_system(agent: str, label: str) -> None:
    """A device is named by browser and system, or by the name that another program sends.

    Strange text is replaced, and long names are cut.
    """
    assert devices.label(agent) == label
