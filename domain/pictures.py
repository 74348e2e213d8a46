"""Pictures as they are kept: drawn anew from their pixels, so that nothing else of a file remains.

Where a photo was taken, by which camera, what somebody hid behind the last pixel: all of it stays
behind (security rows M01, M02). What claims more pixels than any honest picture has is refused
before one of them is unpacked. What moves goes on moving, if it is short; its pixels are counted
over all frames.

Everything here takes processor time (tenths of a second): call it in a thread, never in a write.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from msgspec import Struct
from PIL import Image, ImageOps, ImageSequence

from domain import filetypes
from domain.blurhash import blurhash
from domain.errors import Invalid
from domain.filetypes import Form

LARGEST: Final = filetypes.LARGEST[Form.PICTURE]
"""Bytes of a picture as it is uploaded or copied."""

MOST_PIXELS: Final = 33_177_600
"""Pixels of it (7680 x 4320, as Mastodon has it)."""

KEPT_PIXELS: Final = 8_294_400
"""Pixels that are kept of a larger one (3840 x 2160)."""

PREVIEW_PIXELS: Final = 230_400
"""Pixels of the small picture (640 x 360)."""

PROXIED_PIXELS: Final = 1_500_000
"""Pixels that are kept of people's pictures and the like (a header of 1500 x 1000)."""

MOST_FRAMES: Final = 300
"""Frames of a picture that moves."""

MOVING_PIXELS: Final = 30_000_000
"""Pixels of all its frames together (120 of 500 x 500)."""

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
_HASHED_SIDE: Final = 32
_UNREADABLE: Final = "This file is no picture that can be shown here. JPEG, PNG, GIF and WebP can."
_TOO_MANY: Final = "This picture has too many pixels. Please make it smaller first."
_TOO_LONG: Final = "This picture moves for too long. Please make it shorter or smaller, or a film."
_SHORTEST_MS: Final = 20

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class Picture(Struct, frozen=True):
    """A picture as it is kept: its bytes, a small version of it, and what is known without them."""

    content: bytes
    preview: bytes
    media_type: str
    width: int
    height: int
    blurhash: str


class Small(Struct, frozen=True):
    """The small version of a picture, and the few colours that stand for it meanwhile."""

    preview: bytes
    blurhash: str


class Drawn(Struct, frozen=True):
    """A picture without its small version: its bytes and what they are."""

    content: bytes
    media_type: str


def redrawn(content: bytes) -> Picture:
    """A picture made anew from an upload. Raises Invalid with a sentence for people."""
    image, form = _opened(content)
    if _moves(image):
        drawn = _moving(image, form, KEPT_PIXELS)
        return _picture(_first(drawn.content), drawn.content, drawn.media_type)
    still = _still(image, KEPT_PIXELS)
    return _picture(still, *_saved(still, form))


def drawn_small(content: bytes) -> Drawn:
    """The same for somebody's picture or an emoji, which are shown small. Raises Invalid."""
    image, form = _opened(content)
    if _moves(image):
        return _moving(image, form, PROXIED_PIXELS)
    return Drawn(*_saved(_still(image, PROXIED_PIXELS), form))


def _still(image: Image.Image, pixels: int) -> Image.Image:
    plain = _upright(image)
    plain.thumbnail(_within(plain.size, pixels), Image.Resampling.LANCZOS)
    return plain


def _first(content: bytes) -> Image.Image:
    return _upright(Image.open(BytesIO(content), formats=tuple(MEDIA_TYPES)))


def _moves(image: Image.Image) -> bool:
    return bool(getattr(image, "is_animated", False)) and image.format != "MPO"


def _moving(image: Image.Image, form: str, pixels: int) -> Drawn:
    """What moves, drawn anew frame by frame: a GIF stays one, everything else becomes WebP."""
    size = _within(image.size, pixels)
    _count(image, size)
    try:
        # How often it is shown: a GIF that does not say so is shown once, which is said alike.
        how: dict[str, Any] = {"loop": int(image.info["loop"])} if "loop" in image.info else {}
        how |= {"save_all": True, "duration": _times(image)}
        if form == "GIF":
            return Drawn(_gif(_frames(image, size), how), "image/gif")
        return Drawn(_moving_webp(_frames(image, size), how), "image/webp")
    except Exception:  # noqa: BLE001 - a decoder fails in its own ways on what is no picture
        raise Invalid(_UNREADABLE, "file") from None


def _gif(frames: Iterator[Image.Image], how: dict[str, Any]) -> bytes:
    first, *others = [_few_colours(frame) for frame in frames]
    out = BytesIO()
    first.save(out, "GIF", append_images=others, disposal=2, **how)
    return out.getvalue()


def _moving_webp(frames: Iterator[Image.Image], how: dict[str, Any]) -> bytes:
    out = BytesIO()
    next(frames).save(out, "WEBP", append_images=frames, quality=75, method=1, **how)
    return out.getvalue()


def _count(image: Image.Image, size: tuple[int, int]) -> None:
    """Refuse what has too many frames before they are all unpacked. Raises Invalid."""
    most = min(MOST_FRAMES, max(1, MOVING_PIXELS // (size[0] * size[1])))
    try:
        image.seek(most)
    except EOFError:
        image.seek(0)
        return
    except Exception:  # noqa: BLE001 - as above
        raise Invalid(_UNREADABLE, "file") from None
    raise Invalid(_TOO_LONG, "file")


def _times(image: Image.Image) -> list[int]:
    found = [int(frame.info.get("duration") or 100) for frame in ImageSequence.Iterator(image)]
    image.seek(0)
    return [max(_SHORTEST_MS, time) for time in found]


def _frames(image: Image.Image, size: tuple[int, int]) -> Iterator[Image.Image]:
    for frame in ImageSequence.Iterator(image):
        plain = frame.convert("RGBA")
        plain = plain if plain.size == size else plain.resize(size, Image.Resampling.BILINEAR)
        plain.info.clear()
        yield plain


def _few_colours(frame: Image.Image) -> Image.Image:
    low, _ = frame.getchannel("A").getextrema()
    if low == 255:
        return frame.convert("RGB").quantize(256, Image.Quantize.FASTOCTREE)
    return frame.quantize(256, Image.Quantize.FASTOCTREE)


def looked_at(content: bytes) -> Picture:
    """A copy of another node's picture, its bytes unchanged: their hash is part of a proof.

    It is unpacked all the same, since only what is a picture is kept. Raises Invalid.
    """
    image, form = _opened(content)
    if len(content) > LARGEST:
        raise Invalid(_TOO_MANY)
    if _moves(image):
        _count(image, image.size)
        image.load()
    return _picture(_upright(image), content, MEDIA_TYPES[form])


def preview_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the small version."""
    return _within((width, height), PREVIEW_PIXELS)


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


def still_of(content: bytes) -> Small:
    """What is shown of a film before it runs, from its first picture. Raises Invalid."""
    image, _ = _opened(content)
    return _small(_upright(image))


def _picture(image: Image.Image, content: bytes, media_type: str) -> Picture:
    small = _small(image)
    return Picture(content, small.preview, media_type, *image.size, small.blurhash)


def _small(image: Image.Image) -> Small:
    small = image.resize(preview_size(*image.size), Image.Resampling.LANCZOS)
    tiny = small.convert("RGB")
    tiny.thumbnail((_HASHED_SIDE, _HASHED_SIDE))
    return Small(_webp(small, 75), blurhash(tiny.tobytes(), *tiny.size))
