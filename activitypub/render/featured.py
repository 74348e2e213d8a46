"""The posts at the top of a page: their collection, and what changes it (Mastodon's `featured`)."""

from collections.abc import Sequence

from activitypub.render.posts import Address
from activitypub.vocabulary import ACTIVITYSTREAMS, JsonDict
from storage.views.actors import ActorView


def collection(uri: str, posts: Sequence[str]) -> JsonDict:
    """The collection, the newest pin first: ids alone, each asked for with its reader's right."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": len(posts),
        "orderedItems": list(posts),
    }


def change(
    kind: str, uri: str, actor: ActorView, *, post_uri: str, featured: str, address: Address
) -> JsonDict:
    """Add or Remove of one post, addressed as the post is (ActivityPub §7.8, §7.9)."""
    document: JsonDict = {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": kind,
        "actor": actor.uri,
        "object": post_uri,
        "target": featured,
        "to": address.to,
        "cc": address.cc,
    }
    if address.community is not None:
        document["audience"] = address.community
    return document
