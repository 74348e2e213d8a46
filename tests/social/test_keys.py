"""New keys in place of old ones: what is stored, who is told, and who cannot have any."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from domain.errors import NotFound
from domain.kinds import ActorType, KeyType
from domain.node import Federation
from federation.keyring import NewKeys
from outbox.fan_out import fan_out
from outbox.publish import Reach
from social.accounts import insert_local_actor
from social.keys import rotate_keys, signing_actors
from storage.queries import actors, ids, keys
from storage.queries.disclosures import disclose
from storage.tables.actors import keys as table
from storage.tables.jobs import jobs
from storage.tables.traffic import activities, deliveries
from storage.tx import Tx
from tests.social.people import KEYS, create
from tests.support.factories import NODE, add_follow, add_node, add_person, add_remote, origin_of

NEW = NewKeys(
    rsa_public="NEW PEM", rsa_sealed=b"new rsa", ed25519_public="z6Mnew", ed25519_sealed=b"new ed"
)
OPEN = replace(NODE, federation=Federation.OPEN)
ROWS = select(table.c.uri, table.c.public, table.c.sealed_private, table.c.retired_at)
BODIES = select(activities.c.id, activities.c.body)
PAYLOADS = select(jobs.c.payload)
INBOXES = select(deliveries.c.inbox).order_by(deliveries.c.inbox)


def rotate(tx: Tx, actor_id: int) -> None:
    rotate_keys(tx, node=NODE, actor_id=actor_id, new=NEW)


@pytest.mark.both
def test_the_old_private_halves_are_erased_and_the_new_keys_have_new_ids(tx: Tx) -> None:
    ana, bo = create(tx), create(tx, "bo", "bo@mail.example")
    uri, before = NODE.actor(ana), tx.all(ROWS)
    rotate(tx, ana)
    rows = {row[0]: row[1:] for row in tx.all(ROWS)}
    assert len(rows) == len(before) + 2
    assert rows[f"{uri}#main-key"] == ("PEM", None, tx.now)
    assert rows[f"{uri}#ed25519-key"] == ("z6Mk", None, tx.now)
    assert rows[f"{uri}#main-key-2"] == ("NEW PEM", b"new rsa", None)
    assert rows[f"{uri}#ed25519-key-2"] == ("z6Mnew", b"new ed", None)
    shown = [(key.type, key.public) for key in keys.public_keys(tx, ana)]
    assert shown == [(KeyType.RSA, "NEW PEM"), (KeyType.ED25519, "z6Mnew")]
    assert keys.own_keys(tx, [ana], KeyType.RSA)[ana].sealed == b"new rsa"
    assert keys.own_keys(tx, [bo], KeyType.RSA)[bo].sealed == b"sealed rsa", "nobody else's"


def test_keys_may_change_again_and_again(tx: Tx) -> None:
    ana = create(tx)
    for _ in range(3):
        rotate(tx, ana)
    assert [key.uri for key in keys.public_keys(tx, ana)] == [
        f"{NODE.actor(ana)}#main-key-4",
        f"{NODE.actor(ana)}#ed25519-key-4",
    ]


def sent_to(tx: Tx) -> tuple[dict[str, Any], list[str]]:
    """The document that was published, and the inboxes that it goes to."""
    ((activity, body),) = tx.all(BODIES)
    ((payload,),) = tx.all(PAYLOADS)
    reach = Reach(**orjson.loads(payload)["reach"])
    fan_out(tx, node=OPEN, activity_id=activity, reach=reach, body=None)
    return orjson.loads(body), [row[0] for row in tx.all(INBOXES)]


@pytest.mark.both
def test_every_server_that_holds_the_actor_gets_the_whole_document_once(tx: Tx) -> None:
    add_node(tx)
    ana = create(tx)
    follower = add_remote(tx, "fern", "https://follows.example")
    add_follow(tx, follower, ana)
    for name in ("a", "b"):
        add_remote(tx, name, "https://knows.example")
    add_remote(tx, "c", "https://small.example", shared_inbox=None)
    add_remote(tx, "d", "https://stranger.example")
    known = ("follows", "knows", "small")
    disclose(tx, [ana], [origin_of(tx, f"https://{name}.example") for name in known])
    tx.run(jobs.delete())
    tx.run(activities.delete())
    rotate(tx, ana)
    document, inboxes = sent_to(tx)
    assert [inbox.split("/")[2] for inbox in inboxes] == [f"{name}.example" for name in known]
    assert (document["type"], document["actor"]) == ("Update", NODE.actor(ana))
    whole = document["object"]
    assert whole["publicKey"] == {
        "id": f"{NODE.actor(ana)}#main-key-2",
        "owner": NODE.actor(ana),
        "publicKeyPem": "NEW PEM",
    }
    assert [key["publicKeyMultibase"] for key in whole["assertionMethod"]] == ["z6Mnew"]
    assert whole["preferredUsername"] == "ana"


def test_who_does_not_sign_gets_no_keys(tx: Tx) -> None:
    keyless, far = add_person(tx, "bo"), add_remote(tx, "far")
    gone = create(tx)
    actors.mark_gone(tx, gone)
    for actor_id in (keyless, far, gone, 4711):
        with pytest.raises(NotFound):
            rotate(tx, actor_id)
    assert tx.all(BODIES) == []


def test_people_and_the_nodes_own_actors_are_told_apart(tx: Tx) -> None:
    made = {}
    for handle, kind in (
        ("node", ActorType.APPLICATION),
        ("tertulia", ActorType.SERVICE),
        ("knots", ActorType.GROUP),
    ):
        made[handle] = ids.new_id(tx)
        insert_local_actor(
            tx, node=NODE, actor_id=made[handle], handle=handle, kind=kind, keys=KEYS
        )
    ana = create(tx)
    add_person(tx, "keyless")
    assert signing_actors(tx, people=True, services=False) == [made["knots"], ana]
    assert signing_actors(tx, people=False, services=True) == [made["node"], made["tertulia"]]
    assert len(signing_actors(tx, people=True, services=True)) == 4
