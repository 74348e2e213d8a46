"""Pictures as they are kept: drawn anew from their pixels, so that nothing else of a file remains.

Where a photo was taken, by which camera, what somebody hid behind the last pixel: all of it stays
behind (security rows M01, M02). What claims more pixels than any honest picture has is refused
before one of them is unpacked. Of a picture that moves the first frame is kept.

Everything here takes processor time (tenths of a second): call it in a thread, never in a write.
"""

from io import BytesIO
from typing import Final

from msgspec import Struct
from PIL import Image, ImageOps

from domain.blurhash import blurhash
from domain.errors import Invalid

LARGEST: Final = 10 << 20
"""Bytes of a picture as it is uploaded or copied."""

MOST_PIXELS: Final = 33_177_600
"""Pixels of it (7680 x 4320, as Mastodon has it)."""

KEPT_PIXELS: Final = 8_294_400
"""Pixels that are kept of a larger one (3840 x 2160)."""

PREVIEW_PIXELS: Final = 230_400
"""Pixels of the small picture (640 x 360)."""

LONGEST_SIDE: Final = 20_000
MEDIA_TYPES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
"""What is taken, by what a file is and not by what it is called."""

PREVIEW_TYPE: Final = "image/webp"
_SAME: Final = {"MPO": "JPEG"}  # a photo with a second one behind it
_SUFFIXES: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
}
_HASHED_SIDE: Final = 32
_UNREADABLE: Final = "This file is no picture that can be shown here. JPEG, PNG, GIF and WebP can."
_TOO_MANY: Final = "This picture has too many pixels. Please make it smaller first."

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class Picture(Struct, frozen=True):
    """A picture as it is kept: its bytes, a small version of it, and what is known without them."""

    content: bytes
    preview: bytes
    media_type: str
    width: int
    height: int
    blurhash: str


def redrawn(content: bytes) -> Picture:
    """A picture made anew from an upload. Raises Invalid with a sentence for people."""
    image, form = _opened(content)
    image = _upright(image)
    image.thumbnail(_within(image.size, KEPT_PIXELS), Image.Resampling.LANCZOS)
    kept, media_type = _saved(image, form)
    return _picture(image, kept, media_type)


def looked_at(content: bytes) -> Picture:
    """A copy of another node's picture, its bytes unchanged: their hash is part of a proof.

    It is unpacked all the same, since only what is a picture is kept. Raises Invalid.
    """
    image, form = _opened(content)
    if len(content) > LARGEST:
        raise Invalid(_TOO_MANY)
    return _picture(_upright(image), content, MEDIA_TYPES[form])


def preview_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the small version."""
    return _within((width, height), PREVIEW_PIXELS)


def suffix(media_type: str) -> str:
    """How the name of such a file ends; nothing for another type."""
    return _SUFFIXES.get(media_type, "")


def _opened(content: bytes) -> tuple[Image.Image, str]:
    """The picture with its pixels, and what kind of file it was."""
    try:
        image = Image.open(BytesIO(content), formats=tuple(MEDIA_TYPES))
        form = _SAME.get(image.format or "", image.format or "")
        width, height = image.size
        if width * height <= MOST_PIXELS and max(width, height) <= LONGEST_SIDE:
            if form == "JPEG":
                image.draft("RGB", _within(image.size, KEPT_PIXELS))  # unpacks less where it can
            image.load()
            return image, form
    except Exception:  # noqa: BLE001 - a decoder fails in its own ways on what is no picture
        raise Invalid(_UNREADABLE, "file") from None
    raise Invalid(_TOO_MANY, "file")


def _upright(image: Image.Image) -> Image.Image:
    """Turned as the camera said, in plain colours, and without a word besides its pixels."""
    turned = ImageOps.exif_transpose(image)
    wanted = "RGBA" if turned.has_transparency_data else "RGB"
    plain = turned if turned.mode == wanted else turned.convert(wanted)
    plain = plain.copy() if plain is image else plain
    plain.info.clear()
    return plain


def _within(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    """The largest size of the same shape with so many pixels."""
    width, height = size
    if width * height <= pixels:
        return size
    scale = (pixels / (width * height)) ** 0.5
    return max(1, round(width * scale)), max(1, round(height * scale))


def _saved(image: Image.Image, form: str) -> tuple[bytes, str]:
    """A drawing stays sharp, a photo small; a drawing that would be too large becomes a photo."""
    if form == "JPEG":
        return _jpeg(image), "image/jpeg"
    if form == "WEBP":
        return _webp(image, 85), "image/webp"
    out = BytesIO()
    image.save(out, "PNG")
    if out.tell() <= LARGEST:
        return out.getvalue(), "image/png"
    return (
        (_webp(image, 85), "image/webp") if image.mode == "RGBA" else (_jpeg(image), "image/jpeg")
    )


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=85, optimize=True, progressive=True)
    return out.getvalue()


def _webp(image: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    image.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()


def _picture(image: Image.Image, content: bytes, media_type: str) -> Picture:
    small = image.resize(preview_size(*image.size), Image.Resampling.LANCZOS)
    tiny = small.convert("RGB")
    tiny.thumbnail((_HASHED_SIDE, _HASHED_SIDE))
    return Picture(
        content,
        _webp(small, 75),
        media_type,
        *image.size,
        blurhash(tiny.tobytes(), *tiny.size),
    )
