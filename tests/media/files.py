"""Pictures, voice notes and files, honest and not, made on the spot."""

import io
import struct
import wave
import zipfile
import zlib
from typing import Any

from PIL import Image, PngImagePlugin

RED, BLUE = (220, 30, 30), (30, 30, 220)


def picture(size: tuple[int, int] = (64, 48), format: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, RED)
    image.paste(Image.new("RGB", (size[0] - size[0] // 2, size[1]), BLUE), (size[0] // 2, 0))
    output = io.BytesIO()
    image.convert(mode).save(output, format, **options)
    return output.getvalue()


def photo_taken_sideways(orientation: int) -> bytes:
    """A phone's photo: turned, with the place it was taken at and a comment."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825)[1] = "N"
    return picture((64, 32), exif=exif.tobytes(), comment=b"secret comment", icc_profile=b"profile bytes", quality=95)


def png_with_words() -> bytes:
    """A PNG that carries text."""
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", "secret author")
    return picture(format="PNG", pnginfo=words)


def png_that_promises(width: int, height: int) -> bytes:
    """A few bytes whose header promises a picture of any size."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(b"\0" * 100)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def jpeg_of_many_scans(times: int = 500) -> bytes:
    """A progressive JPEG whose last scan is repeated: little to send, long to decode."""
    content = picture((256, 256), progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * times + content[-2:]


def voice(seconds: float = 0.1) -> bytes:
    """A WAV of silence."""
    output = io.BytesIO()
    with wave.open(output, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(b"\0\0" * int(8_000 * seconds))
    return output.getvalue()


OGG = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01" + bytes(40)
MP4 = b"\x00\x00\x00\x1cftypisom\x00\x00\x02\x00isomiso2mp41" + bytes(40)
M4A = b"\x00\x00\x00\x1cftypM4A \x00\x00\x02\x00isomiso2mp41" + bytes(40)
MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00\xff\xfb" + bytes(40)
AMR = b"#!AMR\n" + bytes(40)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def packed(**files: bytes) -> bytes:
    """A ZIP; `__` stands for a slash, `_` for a dot."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return output.getvalue()


def office(main: str = "word/document.xml", **more: bytes) -> bytes:
    """A word or excel document."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr(main, b"<document/>")
        for name, content in more.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return output.getvalue()
