"""BlurHash: a picture as some thirty characters, shown blurred until it has come.

The algorithm is https://github.com/woltapp/blurhash/blob/master/Algorithm.md: a small cosine
transform in linear light, its components written in base 83.
"""

from collections.abc import Sequence
from functools import cache
from math import copysign, cos, floor, pi
from operator import mul
from typing import Final

_DIGITS: Final = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
)

_Color = tuple[float, float, float]


def _linear(byte: int) -> float:
    value = byte / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


_LINEAR: Final = tuple(_linear(byte) for byte in range(256))


def blurhash(pixels: bytes, width: int, height: int, *, across: int = 4, down: int = 4) -> str:
    """The hash of a picture given as its RGB bytes, row by row; a few dozen pixels are enough.

    `across` and `down`: how many components, 1 to 9 each.
    """
    rows = [_waves_of(pixels[y * width * 3 : (y + 1) * width * 3], across) for y in range(height)]
    found = [_component(rows, i, j, width) for j in range(down) for i in range(across)]
    return _written(found, across, down)


def is_blurhash(text: str) -> bool:
    """Whether a text is a hash of the length that its first character says: apps fail on others."""
    if len(text) < 6 or any(letter not in _DIGITS for letter in text):
        return False
    down, across = divmod(_DIGITS.index(text[0]), 9)
    return len(text) == 4 + 2 * (across + 1) * (down + 1)


def _sum_of_products(left: Sequence[float], right: Sequence[float]) -> float:
    return float(sum(map(mul, left, right)))


@cache
def _wave(number: int, length: int) -> tuple[float, ...]:
    return tuple(cos(pi * number * at / length) for at in range(length))


def _waves_of(row: bytes, across: int) -> list[_Color]:
    """How much of each horizontal wave is in a row, by colour."""
    red, green, blue = ([_LINEAR[byte] for byte in row[channel::3]] for channel in range(3))
    waves = [_wave(i, len(red)) for i in range(across)]
    return [
        (_sum_of_products(red, wave), _sum_of_products(green, wave), _sum_of_products(blue, wave))
        for wave in waves
    ]


def _component(rows: Sequence[Sequence[_Color]], i: int, j: int, width: int) -> _Color:
    wave = _wave(j, len(rows))
    scale = (1 if i == j == 0 else 2) / (width * len(rows))
    sums = [
        scale * sum(row[i][channel] * wave[y] for y, row in enumerate(rows)) for channel in range(3)
    ]
    return sums[0], sums[1], sums[2]


def _written(found: Sequence[_Color], across: int, down: int) -> str:
    flat, *waves = found
    size = _base83((across - 1) + (down - 1) * 9, 1)
    loudest = max((abs(value) for color in waves for value in color), default=0.0)
    steps = max(0, min(82, floor(loudest * 166 - 0.5)))
    largest = (steps + 1) / 166
    parts = [size, _base83(steps, 1), _base83(_flat(flat), 4)]
    return "".join([*parts, *(_base83(_waving(color, largest), 2) for color in waves)])


def _flat(color: _Color) -> int:
    red, green, blue = (_byte(value) for value in color)
    return (red << 16) + (green << 8) + blue


def _byte(value: float) -> int:
    held = min(1.0, max(0.0, value))
    curved = held * 12.92 if held <= 0.0031308 else 1.055 * held ** (1 / 2.4) - 0.055
    return int(curved * 255 + 0.5)


def _waving(color: _Color, largest: float) -> int:
    red, green, blue = (
        max(0, min(18, floor(copysign(abs(value / largest) ** 0.5, value) * 9 + 9.5)))
        for value in color
    )
    return (red * 19 + green) * 19 + blue


def _base83(value: int, length: int) -> str:
    return "".join(_DIGITS[value // 83 ** (length - at) % 83] for at in range(1, length + 1))
