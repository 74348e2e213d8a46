"""How often somebody may ask, by kind of request: as in Mastodon, unless told otherwise."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class Rate(Struct, frozen=True):
    """So many requests in so many seconds."""

    most: int
    seconds: int


DEFAULTS: Final[Mapping[str, Rate]] = {
    "person": Rate(1_500, 300),  # whatever somebody with a token asks
    "address": Rate(300, 300),  # strangers, and apps for themselves
    "paging": Rate(300, 900),  # strangers who turn pages
    "media": Rate(30, 1_800),  # uploads
    "deletes": Rate(30, 1_800),  # deleting posts and taking shares back
    "posts": Rate(300, 3 * 3_600),
    "follows": Rate(400, 24 * 3_600),
    "apps": Rate(5, 600),  # registrations of apps, by address
    "sign_ups": Rate(5, 1_800),  # new accounts, by address
}
"""The kinds, with Mastodon's figures (mastodon-api.md §3)."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_ONE: Final = re.compile(r"([a-z_]+)=([0-9]{1,9})/([0-9]{0,6})([smhd])")

Rates = Mapping[str, Rate]


def parse(text: str) -> Rates:
    """The rates that hold with changes such as "posts=50/3h, media=100/30m".

    Raises:
        ValueError: it does not look so, or names a kind that there is not; the message says which.
    """
    found = dict(DEFAULTS)
    for word in text.replace(",", " ").split():
        one = _ONE.fullmatch(word)
        if one is None:
            raise ValueError(f"{word} does not look like posts=300/3h")
        kind, most, number, unit = one.groups()
        if kind not in DEFAULTS:
            raise ValueError(f"there is no {kind}, but {', '.join(DEFAULTS)}")
        seconds = int(number or 1) * _UNITS[unit]
        if not int(most) or not seconds:
            raise ValueError(f"{word} would let nobody in")
        found[kind] = Rate(int(most), seconds)
    return found
