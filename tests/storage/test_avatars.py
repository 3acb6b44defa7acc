"""Tests of the places where pictures are kept.

Cloudinary's answers and failures are in `tests/handlers/api/test_cloudinary.py`.
"""

import pytest

from storage.avatars import StoredAvatars, StoredPicture, _options
from storage.records import Avatar


async def test_stored_avatar_address_depends_on_content() -> None:
    """Another picture has another address, so that browsers may keep each picture forever."""
    avatars = StoredAvatars()

    first, again, other = [await avatars.put("u-ada", data, 7) for data in (b"one", b"one", b"two")]

    assert first == again == StoredPicture(first.url, None, Avatar("u-ada", b"one", 7))
    assert first.url.startswith("/user/u-ada/avatar?v=")
    assert first.url != other.url


@pytest.mark.parametrize(
    ("url", "options"),
    [
        (
            "cloudinary://key:secret@demo",
            {"cloud_name": "demo", "api_key": "key", "api_secret": "secret"},
        ),
        (
            "cloudinary://key:s%40c@demo?upload_prefix=https://x",
            {
                "cloud_name": "demo",
                "api_key": "key",
                "api_secret": "s@c",
                "upload_prefix": "https://x",
            },
        ),
    ],
)
def test_cloudinary_url_is_parsed_like_sdk_does(url: str, options: dict[str, str]) -> None:
    """Percent signs are decoded, and further options are passed on."""
    assert _options(url) == options
