"""What the other side would rather have: the `Accept` header (RFC 9110 §12.5.1)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

LONGEST: Final = 1_000
"""Characters of the header that are looked at."""

_READABLE: Final = (
    *("application/json", "text/html", "text/plain", "text/event-stream"),
    *("application/activity+json", "application/ld+json"),
)
"""Who asks for one of these, a person in a browser too, can do something with JSON or a stream."""


def preferred(header: str, offered: Sequence[str]) -> str | None:
    """The one of the media types `offered`, the best first, that is asked for with most weight.

    None if none is acceptable. Without a header the first is given. Parameters but `q` are not
    compared: a profile says no more than the type here.
    """
    if not header.strip():
        return offered[0]
    wishes = [_wish(part) for part in header[:LONGEST].split(",")]
    weights = [(_weight(kind, wishes), -place, kind) for place, kind in enumerate(offered)]
    best = max(weights)
    return best[2] if best[0] > 0 else None


def takes_json(header: str) -> bool:
    """Whether whoever sent this `Accept` is served by the API, which has nothing but JSON."""
    return _takes_json(header[:LONGEST])


@lru_cache(maxsize=256)
def _takes_json(header: str) -> bool:
    """Apps say the same with every request (10 µs to read)."""
    return preferred(header, _READABLE) is not None


def _wish(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            weight = _number(parameter[2:])
    return kind, weight


def _number(text: str) -> float:
    if not text.isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 8:
        return 0.0
    return min(1.0, float(text))


def _weight(kind: str, wishes: Sequence[tuple[str, float]]) -> float:
    """The weight of the wish that fits best: the type itself, then its family, then anything."""
    family = f"{kind.partition('/')[0]}/*"
    for pattern in (kind, family, "*/*"):
        found = [weight for wished, weight in wishes if wished == pattern]
        if found:
            return max(found)
    return 0.0
