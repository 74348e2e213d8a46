"""Rendered pieces of posts, kept under what they depend on.

Only what is the same for everybody who may read a post is kept. Rights and a viewer's own flags
are asked of the database for every page (design §5).
"""

from collections.abc import Hashable, Iterable
from typing import Final

MOST: Final = 10_000
"""Pieces at most: at 2–4 KB each, some tens of megabytes."""


class Fragments:
    """Bytes by key, the least recently used forgotten first.

    `held` may be called from database threads; everything else belongs to the event loop.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._bytes: dict[Hashable, bytes] = {}

    def __len__(self) -> int:
        return len(self._bytes)

    def held(self, keys: Iterable[Hashable]) -> dict[Hashable, bytes]:
        """Those of the keys that are here, with their bytes."""
        found = ((key, self._bytes.get(key)) for key in keys)
        return {key: piece for key, piece in found if piece is not None}

    def clear(self) -> None:
        """Forget all of them: something was purged, and words must not stay in memory."""
        self._bytes = {}

    def keep(self, pieces: dict[Hashable, bytes]) -> None:
        """Keep pieces, or note that they were used."""
        for key, piece in pieces.items():
            self._bytes.pop(key, None)
            self._bytes[key] = piece
        while len(self._bytes) > self._most:
            del self._bytes[next(iter(self._bytes))]
