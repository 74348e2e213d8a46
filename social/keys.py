"""The keys of our own actors: first ones, and new ones in their place (protocol §3).

RSA signs requests, Ed25519 proves posts (FEP-8b32); they change together. New keys get new ids.
So whoever meets one asks for the actor once, without waiting for an old key to fail; a proof made
before never looks forged under a key that did not make it; and nothing signed with the old key
passes anywhere that has seen the new one.
"""

from typing import Final

from domain.errors import NotFound
from domain.kinds import ActorType, KeyType
from domain.node import Node
from federation.keyring import NewKeys
from outbox import publish
from storage.queries import actors
from storage.queries.keys import actors_with_keys, insert_own_key, keys_ever, retire_own_keys
from storage.tx import Tx
from storage.views.actors import ActorView

#: What speaks for the node itself: the Application actor and the helper.
SERVICES: Final = frozenset({ActorType.APPLICATION, ActorType.SERVICE})

_NAMES: Final = {KeyType.RSA: "main-key", KeyType.ED25519: "ed25519-key"}


def store_keys(tx: Tx, *, actor_id: int, uri: str, keys: NewKeys) -> None:
    """Give an actor of ours these keys, under ids that none of its keys ever had."""
    halves = {
        KeyType.RSA: (keys.rsa_public, keys.rsa_sealed),
        KeyType.ED25519: (keys.ed25519_public, keys.ed25519_sealed),
    }
    for key_type, (public, sealed) in halves.items():
        before = keys_ever(tx, actor_id, key_type)
        name = f"{_NAMES[key_type]}-{before + 1}" if before else _NAMES[key_type]
        insert_own_key(
            tx,
            actor_id=actor_id,
            uri=f"{uri}#{name}",
            key_type=key_type,
            public=public,
            sealed=sealed,
        )


def rotate_keys(tx: Tx, *, node: Node, actor_id: int, new: NewKeys) -> ActorView:
    """Put `new`, made before the write, in place of an actor's keys; the actor.

    The private halves of the old keys are erased here and now. Every server that holds the actor
    is sent its whole document. Who misses that, or gets something else first, meets a key id that
    it does not know and asks for the actor; a plain server does so when a signature does not fit
    the key that it has. What waits to be sent is signed afresh.

    Proofs made before stay with the posts that carry them. They verify for whoever kept the old
    key, as a community does on its members' cards; to everybody else they say nothing any more,
    and the signature of the request counts alone.

    Raises:
        NotFound: nobody of that id lives here and signs.
    """
    actor = actors.by_id(tx, actor_id)
    if actor is None or not actor.is_local or actor.gone_at is not None:
        raise NotFound
    tx.lock(f"keys {actor_id}")
    if not retire_own_keys(tx, actor_id):
        raise NotFound
    store_keys(tx, actor_id=actor_id, uri=actor.uri, keys=new)
    publish.keys_changed(tx, node=node, actor=actor)
    return actor


def signing_actors(tx: Tx, *, people: bool, services: bool) -> list[int]:
    """Everybody here who has keys: people and communities, the node's own actors, or both."""
    return [
        actor_id
        for actor_id, kind in actors_with_keys(tx)
        if (services if kind in SERVICES else people)
    ]
