"""New keys: what is written afterwards arrives, and the old key is worth nothing (protocol §3)."""

import secrets
from datetime import UTC, datetime

import orjson
import pytest
from aiohttp import ClientSession
from sqlalchemy import select

from domain.ids import HERE
from domain.kinds import KeyType
from federation.keyring import SigningKey
from federation.signatures import Scheme, sign
from social.keys import rotate_keys, signing_actors, store_keys
from storage.queries import actors
from storage.queries.keys import retire_own_keys
from storage.tables.actors import keys
from storage.tx import Tx
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.stranger import AS2
from tests.together.spies import a_spy
from tests.together.stories import become_sisters, befriend, following, known, settled, waiting
from tests.together.stories import told as told_of

NOT_ERASED = select(keys.c.uri).where(
    keys.c.retired_at.is_not(None), keys.c.sealed_private.is_not(None)
)


async def rotate(node: RunningNode, *actor_ids: int) -> None:
    """As the command line does it, in another process: nobody tells the one that serves."""
    for actor_id in actor_ids:
        new = await node.parts.keyring.generate()
        await node.db.write(rotate_keys, node=node.node, actor_id=actor_id, new=new)


async def rotate_silently(node: RunningNode, person: Person) -> None:
    """New keys, and the Update that tells of them is lost everywhere."""
    new = await node.parts.keyring.generate()

    def change(tx: Tx) -> None:
        assert retire_own_keys(tx, person.id)
        store_keys(tx, actor_id=person.id, uri=person.uri, keys=new)

    await node.db.write(change)


async def try_key(node: RunningNode, person: Person, key: SigningKey) -> int:
    """Send something to `node` as this person, signed with this key; the status."""
    inbox = f"{node.origin}/inbox"
    like = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{person.uri}#{secrets.token_hex(4)}",
        "type": "Like",
        "actor": person.uri,
        "object": f"{node.origin}/o/1",
    }
    body = orjson.dumps(like)
    headers = {"Content-Type": AS2, "Host": node.host}
    headers |= sign(
        method="POST",
        url=inbox,
        headers=headers,
        body=body,
        key=key.key,
        key_id=key.uri,
        scheme=Scheme.CAVAGE,
        now=datetime.now(UTC),
        nonce="",
    )
    async with (
        ClientSession() as session,
        session.post(node.url("/inbox"), data=body, headers=headers) as answer,
    ):
        return answer.status


async def key_of(person: Person) -> SigningKey:
    """The key that this person's node signs with now."""
    node = person.node
    return await node.parts.keyring.newest_key(node.db, person.id, KeyType.RSA)


@pytest.mark.interop("New keys", "out", "under new ids; the old one is refused", peer="our nodes")
@pytest.mark.both
@pytest.mark.parametrize("told", [True, False], ids=["told", "the Update is lost"])
async def test_S19_posts_arrive_after_new_keys_and_the_old_key_is_refused(
    nodes: Nodes, told: bool
) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)
    await ana.say("before", visibility="private")
    await ben.sees("before")
    old = await key_of(ana)
    assert await try_key(lab, ana, old) == 202
    if told:
        await rotate(hq, ana.id)
        await settled(hq, lab)
    else:
        await rotate_silently(hq, ana)
    # Within the two seconds for which the serving process may keep the old key.
    await ana.say("after", visibility="private")
    await ana.say("for all after")
    await ben.sees("after")
    await ben.sees("for all after")
    await settled(hq, lab)
    assert await waiting(hq) == 0
    new = await key_of(ana)
    assert new.uri == f"{ana.uri}#main-key-2"
    if not told:  # lab asked for the actor when it met the new key
        assert await try_key(lab, ana, new) == 202

    async def refused() -> bool:  # what a node looked up holds for two seconds at most
        return await try_key(lab, ana, old) == 401

    await until(refused)
    assert await try_key(lab, ana, old) == 401
    assert await try_key(lab, ana, new) == 202, "a refusal does not hurt the new key"
    assert await hq.db.read(lambda tx: tx.all(NOT_ERASED)) == []
    # And the other way: an answer comes back, and is proven by ben's own key as before.
    seen = await ben.sees("for all after")
    await ben.say(f"{ana.acct} thanks", in_reply_to_id=seen["id"])
    await settled(hq, lab)
    assert (await told_of(ana, "mention"))["account"]["uri"] == ben.uri


async def test_what_waits_to_be_sent_goes_out_with_the_new_key_and_its_old_proof(
    nodes: Nodes,
) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)
    made = await ana.say("proven by the old key")
    await rotate(hq, ana.id)
    await settled(hq, lab)
    await ben.sees("proven by the old key")
    shown = await ben.find_post(made["uri"])
    assert shown["uri"] == made["uri"]


@pytest.mark.interop("New keys", "out", "told by Update{Person}, and served", peer="a stranger")
async def test_outsiders_are_told_and_shown_the_new_keys(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        await spy.follow(ana)
        before = (await spy.fetch(ana.uri)).json["publicKey"]
        await rotate(hq, ana.id)
        await settled(hq)
        updates = [one for one in _posted(spy.server.seen) if one["type"] == "Update"]
        told = updates[-1]["object"]
        shown = (await spy.fetch(ana.uri)).json
        assert told["publicKey"] == shown["publicKey"]
        assert shown["publicKey"]["id"] == f"{ana.uri}#main-key-2" != before["id"]
        assert [key["id"] for key in shown["assertionMethod"]] == [f"{ana.uri}#ed25519-key-2"]
        assert (await spy.fetch(ana.uri, signed=False)).json["publicKey"] == shown["publicKey"]


async def test_who_only_got_a_letter_is_told_as_well(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        await ana.find(spy.acct)
        await ana.say(f"{spy.acct} hello", visibility="direct")
        await settled(hq)
        await rotate(hq, ana.id)
        await settled(hq)
        assert [one["type"] for one in _posted(spy.server.seen)] == ["Create", "Update"]
    async with a_spy("far") as stranger:
        await ana.find(stranger.acct)
        await rotate(hq, ana.id)
        await settled(hq)
        assert _posted(stranger.server.seen) == [], "who never heard of her hears nothing"


async def test_new_keys_of_the_nodes_themselves_keep_sisters_together(nodes: Nodes) -> None:
    hq = await nodes.start("hq", public_means="network")
    lab = await nodes.start("lab", public_means="network")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await become_sisters(hq, lab)
    await following(ben, (await ben.follow(ana))["id"])
    for node in (hq, lab):
        services = await node.db.read(signing_actors, people=False, services=True)
        await rotate(node, *services)
    await settled(hq, lab)
    await ana.say("for the network")
    await ben.sees("for the network")
    cy = await known(hq, "cy")
    assert (await ben.find(cy.acct))["uri"] == cy.uri, "signed by the node's own actor"
    theirs = await lab.db.read(_application_keys, hq.origin)
    ours = await hq.db.read(actors.application_of, HERE)
    assert f"{ours.uri}#main-key-2" in theirs
    assert f"{ours.uri}#main-key" not in theirs


def _application_keys(tx: Tx, origin: str) -> list[str]:
    found = tx.all(select(keys.c.uri).where(keys.c.uri.like(f"{origin}/%")))
    return [row[0] for row in found]


def _posted(seen: list[Json]) -> list[Json]:
    return [orjson.loads(one.body) for one in seen if one.method == "POST"]
