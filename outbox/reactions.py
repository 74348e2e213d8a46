"""Which servers take an EmojiReact (FEP-c0e0); all others get a Like that says its emoji."""

from typing import Final

from domain.node import SOFTWARE
from storage.queries import origins
from storage.tx import Tx
from storage.views.actors import ActorView

_REACTS: Final = frozenset(
    {
        SOFTWARE,
        *("akkoma", "calckey", "catodon", "cherrypick", "fedibird", "firefish", "foundkey"),
        *("hollo", "iceshrimp", "iceshrimp.net", "misskey", "mitra", "piefed", "pleroma"),
        *("rebased", "sharkey", "wafrn"),
    }
)
"""Software whose makers document EmojiReact; in lower case, as NodeInfo names it."""


def understood_by(tx: Tx, actor: ActorView) -> bool:
    """Whether the server of somebody elsewhere is known to take an EmojiReact."""
    origin = origins.by_id(tx, actor.origin_id)
    return origin is not None and (origin.software or "").lower() in _REACTS
