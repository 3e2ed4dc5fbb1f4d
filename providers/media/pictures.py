"""Makes of any picture a small upright JPEG that holds its pixels and nothing else."""

import asyncio
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO

from PIL import Image

from domain.failures import MediaRefused
from domain.media import MediaProblem
from domain.model import Value

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
LONGEST_SIDE = 768
MOST_PIXELS = 40_000_000
MOST_SCANS = 100
"""Of a progressive JPEG. Each costs a walk over all pixels, and an empty one only some bytes: a bomb in time."""
SCAN = b"\xff\xda"
QUALITY = 85
WHITE = (255, 255, 255)
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation."""

# Pillow warns of a picture that is large and stops at one twice as large; for us the first is enough.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class Picture(Value):
    """A picture as it is kept."""

    content: bytes
    width: int
    height: int
    mime: str = "image/jpeg"


class Pictures:
    """Works in threads of its own, few at once: decoding takes memory, and cannot be called off."""

    def __init__(self, *, at_once: int = 2, longest_side: int = LONGEST_SIDE, most_pixels: int = MOST_PIXELS) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="pictures")
        self._normalise: Callable[[bytes], Picture] = partial(
            normalise, longest_side=longest_side, most_pixels=most_pixels
        )

    async def normalise(self, content: bytes) -> Picture:
        """The picture as it is kept.

        Raises:
            MediaRefused: it is broken, too many pixels, or no picture we take.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._normalise, content)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def normalise(content: bytes, *, longest_side: int = LONGEST_SIDE, most_pixels: int = MOST_PIXELS) -> Picture:
    """Open, turn upright, shrink, put on white, write anew.

    Raises:
        MediaRefused: see `Pictures.normalise`.
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            _weigh(image, content, most_pixels)
            return _written(_shrunk(image, longest_side))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MediaRefused(MediaProblem.TOO_MANY_PIXELS) from None
    except MediaRefused:
        raise
    except Exception as error:  # a decoder fed with hostile bytes may raise anything
        raise MediaRefused(MediaProblem.BROKEN, type(error).__name__) from None


def _weigh(image: Image.Image, content: bytes, most_pixels: int) -> None:
    """Look at what the header promises, before any pixel is decoded."""
    if image.width * image.height > most_pixels:
        raise MediaRefused(MediaProblem.TOO_MANY_PIXELS, f"{image.width}x{image.height}")
    if image.format in ("JPEG", "MPO") and content.count(SCAN) > MOST_SCANS:
        raise MediaRefused(MediaProblem.TOO_MANY_PIXELS, "too many scans")


def _shrunk(image: Image.Image, longest_side: int) -> Image.Image:
    turn = UPRIGHT.get(_orientation(image))
    image.draft(None, (2 * longest_side, 2 * longest_side))  # a large JPEG need not be decoded in full
    image = _smooth(image)
    image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # EXIF is anybody's bytes; a picture with broken ones is a picture all the same
        return 1


def _smooth(image: Image.Image) -> Image.Image:
    """A mode that can be resized smoothly: palettes and sixteen-bit greys cannot."""
    if image.mode in ("P", "1", "PA"):
        return image.convert("RGBA")
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda grey: grey * (1 / 257)).convert("L")
    return image


def _written(image: Image.Image) -> Picture:
    """On a fresh canvas: whatever else the file carried stays behind."""
    canvas = Image.new("RGB", image.size, WHITE)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        canvas.paste(image, mask=image.getchannel("A"))
    else:
        canvas.paste(image.convert("RGB"))
    output = BytesIO()
    canvas.save(output, "JPEG", quality=QUALITY, optimize=True)
    return Picture(content=output.getvalue(), width=canvas.width, height=canvas.height)
