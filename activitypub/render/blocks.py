"""Block and its Undo between people (AS2 Vocabulary, Block; as Mastodon and GoToSocial send it)."""

from activitypub.vocabulary import ACTIVITYSTREAMS, JsonDict
from storage.views.actors import ActorView


def block(uri: str, blocker: ActorView, blocked: ActorView) -> JsonDict:
    """Block, to whom it is about alone."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Block",
        "actor": blocker.uri,
        "to": [blocked.uri],
        "object": blocked.uri,
    }


def undo_block(uri: str, block_uri: str, blocker: ActorView, blocked: ActorView) -> JsonDict:
    """Undo{Block}, with the Block embedded."""
    inner = {k: v for k, v in block(block_uri, blocker, blocked).items() if k != "@context"}
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Undo",
        "actor": blocker.uri,
        "to": [blocked.uri],
        "object": inner,
    }
