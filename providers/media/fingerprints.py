"""Fingerprints of pictures: the same picture has nearly the same one, however it was pressed, resized or retouched."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from PIL import Image

from domain.failures import MediaRefused
from domain.media import MediaProblem
from providers.media.pictures import FORMATS, MOST_PIXELS

SIDE = 32
BITS = SIDE * SIDE
"""Of a fingerprint. Bank screenshots look alike: a hash of 64 bits, made for photos, cannot tell two of them apart."""
SAME = 44
"""Bits in which two showings of one picture differ at most (measured: 40, and some room)."""
ALIKE = 80
"""Below, somebody may have retouched it; two genuine receipts of one bank seldom come so close (measured: 7 %)."""

BAR = 0.75
"""Share of a line that has the corner's colour where the line belongs to a bar, be there a clock in it or not."""
TOLERANCE = 10
SMALLEST = 0.25
"""Share of the picture that must be left between its bars."""


class Fingerprints:
    """Made in a thread of its own: one picture takes some hundredths of a second."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fingerprints")

    async def of(self, content: bytes) -> tuple[str, ...]:
        """The picture's fingerprints, in hexadecimal digits: of the whole, and of what stands between its bars.

        Raises:
            MediaRefused: it is no picture.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, fingerprints, content)

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def fingerprints(content: bytes) -> tuple[str, ...]:
    """See `Fingerprints.of`."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise MediaRefused(MediaProblem.TOO_MANY_PIXELS)
            grey = image.convert("L")
    except MediaRefused:
        raise
    except Exception as error:  # a decoder fed with hostile bytes may raise anything
        raise MediaRefused(MediaProblem.BROKEN, type(error).__name__) from None
    return tuple(dict.fromkeys(_hash(view) for view in (grey, _between_bars(grey))))


def distance(one: str, other: str) -> int:
    """In how many bits two fingerprints differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _hash(grey: Image.Image) -> str:
    import imagehash  # brings numpy and scipy: half a second that a starting worker does not have

    return str(imagehash.phash(grey, hash_size=SIDE, highfreq_factor=2))


def _between_bars(grey: Image.Image) -> Image.Image:
    """Without the bars that a gallery shows a picture between: a screenshot of a screenshot is the screenshot."""
    corner = int(grey.getpixel((0, grey.height - 1)))  # type: ignore[arg-type] # of a grey picture it is a number
    bars = grey.point(lambda shade: 255 if abs(shade - corner) <= TOLERANCE else 0)
    top, bottom = _ends(bars.resize((1, grey.height), Image.Resampling.BOX))
    left, right = _ends(bars.crop((0, top, grey.width, bottom)).resize((grey.width, 1), Image.Resampling.BOX))
    if (right - left) * (bottom - top) < SMALLEST * grey.width * grey.height:
        return grey
    return grey.crop((left, top, right, bottom))


def _ends(lines: Image.Image) -> tuple[int, int]:
    """The first line that belongs to no bar, and the one behind the last."""
    shares = lines.tobytes()
    inside: Callable[[int], bool] = lambda place: shares[place] < BAR * 255  # noqa: E731
    places = [place for place in range(len(shares)) if inside(place)]
    return (places[0], places[-1] + 1) if places else (0, len(shares))
