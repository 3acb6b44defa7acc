"""Tests that pictures are decoded within bounds and written again.
tests/handlers/api/test_avatar.py tests them over HTTP.
"""

import random
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from crdt.errors import WorkerDied, WorkersBusy, WorkTooLarge
from crdt.workers import Workers, WorkersSettings
from handlers.errors import ApiError
from handlers.security import pictures
from handlers.security.pictures import Pictures
from tests.handlers.images import GOOD, MemoryPeak, check_clean, exif, png, saved
from tests.processes import ROOT

MIB = 1 << 20


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Return the bands of one pixel of a picture with several bands."""
    colour = image.getpixel((x, y))
    assert isinstance(colour, tuple)
    return colour


def is_accepted(file: bytes) -> bool:
    """Whether a file is accepted. Assert that the result is clean, or that the refusal is 422."""
    refused = None
    try:
        check_clean(pictures.clean(file))
    except ApiError as error:
        refused = error
    assert refused is None or (refused.status, list(refused.errors or {})) == (422, ["avatar"])
    return refused is None


@pytest.mark.parametrize(
    "name", ["PNG", "JPEG", "WEBP", "GIF", "animated GIF", "animated WebP", "EXIF with GPS"]
)
def test_truncated_picture_is_refused_or_clean(name: str) -> None:
    """A file that ends too early is refused, or its decoded part is a clean picture."""
    file = GOOD[name]()
    taken = 0

    for end in range(1, len(file), max(1, len(file) // 60)):
        taken += is_accepted(file[:end])

    assert taken < 30 or "animated" in name  # the first frame of an animation may be whole


@pytest.mark.parametrize(
    "name", ["PNG", "JPEG", "WEBP", "GIF", "animated WebP", "palette, half transparent"]
)
def test_damaged_picture_is_refused_or_clean(name: str) -> None:
    """A file with damaged bytes is refused with 422, or becomes a clean picture."""
    file, chance = GOOD[name](), random.Random(2)

    for _ in range(60):
        damaged = bytearray(file)
        for _ in range(chance.choice((1, 3, 30))):
            damaged[chance.randrange(len(file) if chance.random() < 0.5 else 60)] = (
                chance.randrange(256)
            )
        is_accepted(bytes(damaged))


def test_picture_with_too_many_pixels_is_refused_before_decoding() -> None:
    """A picture of 178 million pixels in 173 kB is refused before any pixel is decoded."""
    file = png(13_000, 13_700)
    assert len(file) < MIB

    with MemoryPeak() as peak, pytest.raises(ApiError):
        pictures.clean(file)

    assert peak.grown_bytes < 10 * MIB


@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_with_exif_orientation_is_rotated(orientation: int) -> None:
    """EXIF's orientation is applied to the picture before the EXIF data is removed."""
    image = Image.new("RGB", (300, 300), "black")
    image.paste((255, 0, 0), (0, 0, 150, 150))
    where = {
        1: (0, 0),
        2: (1, 0),
        3: (1, 1),
        4: (0, 1),
        5: (0, 0),
        6: (1, 0),
        7: (1, 1),
        8: (0, 1),
    }[orientation]

    clean = check_clean(pictures.clean(saved(image, "JPEG", exif=exif(orientation))))

    red = {
        (x, y) for x in (0, 1) for y in (0, 1) if pixel(clean, 64 + 128 * x, 64 + 128 * y)[0] > 128
    }
    assert red == {where}


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("CMYK", (255, 0, 0, 255), (0, 0, 255, 255)),
        ("16-bit grey", (128, 128, 128, 255), (128, 128, 128, 255)),
        ("palette, one colour transparent", (255, 0, 0, 255), (None, None, None, 0)),
        ("palette, half transparent", (255, 0, 0, 255), (0, 0, 255, 128)),
        ("grey with alpha", (None, None, None, 10), (None, None, None, 10)),
        ("animated GIF", (255, 0, 0, 255), (255, 0, 0, 255)),
    ],
)
def test_picture_of_any_colour_mode_keeps_its_colours(name: str, left: tuple, right: tuple) -> None:
    """Colours stay the same for every colour mode. An animation becomes its first frame."""
    clean = check_clean(pictures.clean(GOOD[name]()))

    for at, expected in ((64, left), (192, right)):
        colour = pixel(clean, at, 128)
        assert all(e is None or abs(f - e) < 25 for f, e in zip(colour, expected, strict=True)), (
            colour,
            expected,
        )


def test_picture_that_is_not_square_is_cropped_to_its_middle() -> None:
    """A picture that is not square is cropped at its edges and not distorted."""
    image = Image.new("RGB", (600, 200), "red")
    image.paste((0, 0, 255), (200, 0, 400, 200))

    clean = check_clean(pictures.clean(saved(image, "PNG")))

    assert [pixel(clean, x, 128)[2] > 200 for x in (4, 128, 251)] == [True] * 3


_WITH_LITTLE_MEMORY = """
import resource, sys
from handlers.errors import ApiError
from handlers.security import pictures

small, large = (open(path, "rb").read() for path in sys.argv[1:3])
pictures.clean(small)  # what is loaded once is loaded
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (int(sys.argv[3]) << 20), -1))
try:
    pictures.clean(large)
except ApiError as error:
    print(error.status, error.message)
else:
    print("clean")
"""


@pytest.mark.parametrize("free_mib", [4, 20, 50])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_picture_too_large_for_memory_is_not_called_damaged(
    tmp_path: Path, kind: str, free_mib: int
) -> None:
    """If memory is too short, the answer is 503, because the same picture may succeed later.

    The test uses a separate process with limited memory.
    """
    for name, side in (("small", 8), ("large", pictures.MAX_SIDE_PX)):
        Image.effect_noise((side, side), 50).convert("RGB").save(tmp_path / name, kind)

    done = subprocess.run(
        [sys.executable, "-c", _WITH_LITTLE_MEMORY, tmp_path / "small", tmp_path / "large",
         str(free_mib)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip

    assert done.stderr == ""
    # A JPEG needs little memory, because it is decoded at a smaller size.
    is_read = done.stdout == "clean\n" and kind == "JPEG"
    assert is_read or done.stdout.startswith(
        "503 The server has too little memory for this picture now."
    )


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(WorkersSettings(processes=1, waiting_per_key=1))
    yield made
    await made.close()


async def test_picture_is_read_in_a_worker_process(workers: Workers) -> None:
    """A worker process decodes pictures and reports faults with their field.

    A fault does not end the process.
    """
    reader = Pictures(workers)

    check_clean(await reader.clean(GOOD["WEBP"](), "ada", is_whole=False))
    with pytest.raises(ApiError) as refused:
        await reader.clean(b"no picture", "ada", is_whole=False)

    assert (refused.value.status, refused.value.errors) == (
        422,
        {"avatar": ["is not a PNG, JPEG, WebP or GIF picture"]},
    )
    assert (workers.processes, workers.counts["done"], workers.counts["failed"]) == (1, 2, 0)


@pytest.mark.parametrize(
    ("error", "status"),
    [(WorkersBusy("busy"), 503), (WorkTooLarge("late"), 503), (WorkerDied("crashed"), 422)],
    ids=["busy", "too large", "died"],
)
async def test_picture_that_ends_its_worker_is_refused(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    """A file that ends the worker process is refused with 422: it would end the next one too."""

    async def run(*_: object, **__: object) -> bytes:
        raise error

    monkeypatch.setattr(workers, "run", run)

    with pytest.raises(ApiError) as refused:
        await Pictures(workers).clean(GOOD["PNG"](), "ada", is_whole=True)

    assert refused.value.status == status
