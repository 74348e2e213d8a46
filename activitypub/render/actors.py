"""Actors as documents: the whole one, and the stub that anybody may have."""

import orjson

from activitypub import capabilities
from activitypub.render import emojis
from activitypub.render.times import moment
from activitypub.vocabulary import (
    ACTIVITYSTREAMS,
    ACTOR_CONTEXT,
    ACTOR_NAMES,
    PUBLIC,
    SECURITY,
    JsonDict,
)
from domain.kinds import ActorType, KeyType
from domain.node import Node
from storage.views.actors import ActorView
from storage.views.keys import KeyView


def actor(view: ActorView, keys: list[KeyView], node: Node, *, bio: bool = True) -> JsonDict:
    """An actor of ours in full (ActivityPub §4.1; FEP-521a, 5feb, 268d, 2c59, 844e).

    Without `bio`: what every server is told to which the actor is disclosed (protocol §3). Of
    somebody suspended: that they are, and what checking their signatures takes.
    """
    bio = bio and not view.is_hidden
    document: JsonDict = {
        "@context": ACTOR_CONTEXT,
        **_identity(view, keys),
        "name": (not view.is_hidden and view.name) or view.handle,
        "summary": view.summary if bio else "",
        "url": view.url,
        "outbox": view.outbox,
        "followers": view.followers,
        "following": view.following,
        "featured": node.collection(view.id, "featured"),
        "webfinger": f"{view.handle}@{node.handle_domain}",
        "endpoints": {"sharedInbox": node.shared_inbox},
        "manuallyApprovesFollowers": view.locked,
        "discoverable": view.discoverable,
        "indexable": view.indexable,
        "searchableBy": [PUBLIC if view.indexable else view.uri],
        "published": moment(view.created_at - view.created_at % 86_400_000),
        "attachment": [
            {"type": "PropertyValue", "name": name, "value": value}
            for name, value in orjson.loads((bio and view.fields) or b"[]")
        ],
        "assertionMethod": [_multikey(view, key) for key in keys if key.type is KeyType.ED25519],
        "generator": capabilities.generator(),
    }
    if view.type is ActorType.APPLICATION:
        document["implements"] = capabilities.links()
    if tags := emojis.tags(view.emojis, within=None if bio else view.name):
        document["tag"] = tags
    if view.is_hidden:
        return document | {"suspended": True}
    if view.avatar:
        document["icon"] = _picture(view.avatar, view.avatar_text)
    if view.header:
        document["image"] = _picture(view.header, view.header_text)
    if view.moved_to:
        document["movedTo"] = view.moved_to
    if aliases := orjson.loads(view.also_known_as or b"[]"):
        document["alsoKnownAs"] = aliases
    return document


def _picture(url: str, text: str | None) -> JsonDict:
    """A picture of a profile, with what is on it in words."""
    picture: JsonDict = {"type": "Image", "url": url}
    return picture | {"name": text} if text else picture


def stub(view: ActorView, keys: list[KeyView]) -> JsonDict:
    """What a server needs to check our signatures, and nothing else (protocol §3)."""
    return {"@context": [ACTIVITYSTREAMS, SECURITY], **_identity(view, keys)}


def _identity(view: ActorView, keys: list[KeyView]) -> JsonDict:
    rsa = next(key for key in keys if key.type is KeyType.RSA)
    return {
        "id": view.uri,
        "type": ACTOR_NAMES[ActorType.SERVICE if view.automated else view.type],
        "preferredUsername": view.handle,
        "inbox": view.inbox,
        "publicKey": {"id": rsa.uri, "owner": view.uri, "publicKeyPem": rsa.public},
    }


def _multikey(view: ActorView, key: KeyView) -> JsonDict:
    return {
        "id": key.uri,
        "type": "Multikey",
        "controller": view.uri,
        "publicKeyMultibase": key.public,
    }
