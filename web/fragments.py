"""Rendered pieces of posts, kept under what they depend on.

Only what is the same for everybody who may read a post is kept. Rights and a viewer's own flags
are asked of the database for every page (design §5).
"""

from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

from msgspec import Struct

N = TypeVar("N", bound=Hashable)

MOST: Final = 10_000
"""Pieces at most: at 2–4 KB each, some tens of megabytes."""


class Fragment(Struct, frozen=True, gc=False):
    """Bytes that are the same for many: `parts`, between which one reader's own word stands.

    `has_slots`: whether there are other places in it for what is the reader's own.
    """

    parts: tuple[bytes, ...]
    has_slots: bool = False


class Fragments:
    """Fragments by key; what was used longest ago is forgotten first.

    In two halves: what is new or used again comes into the younger one. Once that is full it
    becomes the older one, and what was left there is forgotten. So nothing has to be moved where
    all that a page needs is young, or where nothing new comes.
    `held` may be called from database threads; everything else belongs to the event loop.
    """

    def __init__(self, most: int = MOST) -> None:
        self._half = most // 2
        self._young: dict[Hashable, Fragment] = {}
        self._old: dict[Hashable, Fragment] = {}
        self._again: dict[Hashable, None] = {}  # of the older half, and used since it is that
        self.era = 0
        """How often all was forgotten: who is going to `keep` something notes it before reading."""

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def held(self, keys: Mapping[N, Hashable]) -> dict[N, Fragment]:
        """Those that are here, by the names that the caller has for their keys."""
        young, old = self._young, self._old
        found: dict[N, Fragment] = {}
        for name, key in keys.items():
            fragment = young.get(key)
            if fragment is None:
                fragment = old.get(key)
                if fragment is None:
                    continue
                self._again[key] = None
            found[name] = fragment
        return found

    def clear(self) -> None:
        """Forget all of them: something was purged, and words must not stay in memory."""
        self._young, self._old, self._again = {}, {}, {}
        self.era += 1

    def keep(self, fragments: Mapping[Hashable, Fragment], *, era: int | None = None) -> None:
        """Keep what was made just now; not if all was forgotten since `era`: it may be among it."""
        if era not in {None, self.era}:
            return
        old, again, self._again = self._old, self._again, {}
        # A list at once: a database thread may still be adding to it.
        self._put({key: old[key] for key in list(again) if key in old})
        self._put(fragments)

    def _put(self, fragments: Mapping[Hashable, Fragment]) -> None:
        for key, fragment in fragments.items():
            if len(self._young) >= self._half and key not in self._young:
                self._old, self._young = self._young, {}
            self._young[key] = fragment
