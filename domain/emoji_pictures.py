"""Pictures of custom emoji: small, still, and drawn anew like every picture (`domain/pictures`)."""

from io import BytesIO
from typing import Final

from PIL import Image

from domain.pictures import drawn_small

SIDE: Final = 128
"""Pixels of the longer side: apps show 20, on fine screens 60."""


def emoji_picture(content: bytes) -> bytes:
    """A PNG made of the pixels of any picture that is shown here. Raises Invalid.

    Takes processor time: call it outside a write.
    """
    drawn = Image.open(BytesIO(drawn_small(content).content))
    small = drawn.convert("RGBA")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    out = BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()
