"""Flag: a report, in the name of the whole node (as Mastodon sends it)."""

from collections.abc import Sequence

from activitypub.vocabulary import ACTIVITYSTREAMS, JsonDict
from storage.views.actors import ActorView


def flag(
    uri: str, application: ActorView, to: ActorView, about: Sequence[str], comment: str
) -> JsonDict:
    """Flag by the node's own actor: who reported is nobody's business elsewhere.

    `about`: the accused first, then posts.
    """
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Flag",
        "actor": application.uri,
        "to": [to.uri],
        "content": comment,
        "object": list(about),
    }
