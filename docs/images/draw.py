"""Draws the neutral pictures that pages and apps show: run it to make them anew."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

STATIC = Path(__file__).parents[2] / "web" / "pages" / "static"
Colour = tuple[int, int, int]
PAPER: Colour = (231, 226, 216)
INK: Colour = (122, 46, 18)
SHADE: Colour = (178, 160, 140)


def avatar(x: float, y: float) -> Colour:
    """A head and shoulders; coordinates run from 0 to 1."""
    head = (x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.17**2
    shoulders = ((x - 0.5) / 0.32) ** 2 + ((y - 0.95) / 0.33) ** 2 < 1
    return SHADE if head or shoulders else PAPER


def header(x: float, y: float) -> Colour:
    """Two quiet bands."""
    return SHADE if abs(y - 0.5 - 0.18 * (x - 0.5)) < 0.08 else PAPER


def icon(x: float, y: float) -> Colour:
    """A cup seen from above, with its spoon: people talk over it."""
    distance = ((x - 0.45) ** 2 + (y - 0.5) ** 2) ** 0.5
    handle = 0.72 < x < 0.95 and abs(y - 0.5) < 0.07
    return INK if 0.24 < distance < 0.36 or distance < 0.12 or handle else PAPER


def write(name: str, width: int, height: int, draw: Callable[[float, float], Colour]) -> None:
    """A PNG without anything but its pixels."""
    rows = (
        b"\0" + b"".join(bytes(draw((x + 0.5) / width, (y + 0.5) / height)) for x in range(width))
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b"")]
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    (STATIC / name).write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


if __name__ == "__main__":
    write("avatar.png", 240, 240, avatar)
    write("header.png", 900, 300, header)
    write("icon.png", 64, 64, icon)
