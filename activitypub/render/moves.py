"""Move: somebody goes on under another account (FEP-7628, Mastodon's practice)."""

from activitypub.vocabulary import ACTIVITYSTREAMS, JsonDict
from storage.views.actors import ActorView


def move(uri: str, old: ActorView, target_uri: str) -> JsonDict:
    """Move of an actor of ours, to its followers; the other account names it as its own."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Move",
        "actor": old.uri,
        "object": old.uri,
        "target": target_uri,
        "to": [old.followers],
    }
