"""How far somebody has read, so that their next app goes on where they were."""

from typing import Final

from storage.queries import markers
from storage.queries.markers import Marker
from storage.tx import Tx

__all__ = ["TIMELINES", "Marker", "keep"]

TIMELINES: Final = ("home", "notifications")
"""Where a place can be kept (Mastodon API)."""


def keep(tx: Tx, *, actor_id: int, places: dict[str, int]) -> list[Marker]:
    """Keep the last id that was read in each of these timelines; what is kept now."""
    return [markers.put(tx, actor_id, name, places[name]) for name in TIMELINES if name in places]
