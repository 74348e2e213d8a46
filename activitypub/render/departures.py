"""An actor of ours ends (as Mastodon says it: the object is the actor's id)."""

from activitypub.vocabulary import ACTIVITYSTREAMS, JsonDict
from storage.views.actors import ActorView


def delete_actor(uri: str, actor: ActorView, to: str) -> JsonDict:
    """Delete of an actor by itself; `to` is who may know of it."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Delete",
        "actor": actor.uri,
        "to": [to],
        "object": actor.uri,
    }
