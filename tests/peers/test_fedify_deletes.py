"""Deleting posts and actors, with Fedify on either side."""

import pytest

from social import departures
from tests.peers.meeting import acct, arrived, last_seq, they_follow, verified, we_follow
from tests.support.fedify import FedifyPeer
from tests.support.nodes import Person, RunningNode, until
from tests.together.stories import is_gone, settled, shows

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.interop("Delete{Person}", "in", "takes words, follows and likes along", peer="Fedify")
async def test_an_actor_of_theirs_goes_with_everything(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    account = await we_follow(ana, peer, rue)
    await they_follow(peer, rue, ana)
    words = f"what rue says {ana.handle}"
    await peer.post(rue, words)
    seen = await ana.sees(words)
    made = await ana.say("liked by rue")
    await peer.wait_post(made["uri"])
    await peer.like(rue, made["uri"])
    await shows(ana, made["id"], favourites_count=1)
    arrived(await peer.delete_actor(rue), peer)
    await is_gone(ana, seen["id"])
    await shows(ana, made["id"], favourites_count=0)

    async def gone() -> bool:
        return (await ana.ask("GET", f"/api/v1/accounts/{account['id']}")).status == 404

    await until(gone)
    assert await ana.get(f"/api/v1/accounts/{ana.id}/followers") == []
    assert await ana.get(f"/api/v1/accounts/{ana.id}/following") == []


@pytest.mark.interop("Delete{Person}", "in", "refused: of somebody else", peer="Fedify")
async def test_O04_nobody_deletes_another_actor(peer: FedifyPeer, ana: Person, rue: str) -> None:
    """The positive twin is the test above."""
    account = await we_follow(ana, peer, rue)
    delete = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.origin}/forged/{ana.handle}",
        "type": "Delete",
        "actor": peer.actor("reed"),
        "object": peer.actor(rue),
    }
    answer = await peer.deliver("reed", f"{ana.node.origin}/inbox", delete, scheme=peer.knock)
    assert answer["status"] == 202
    await settled(ana.node)
    assert (await ana.ask("GET", f"/api/v1/accounts/{account['id']}")).status == 200
    found = await ana.find(acct(peer, rue))
    assert found["id"] == account["id"]


@pytest.mark.interop(
    "Delete{Person}", "out", "everything is forgotten there; then 410", peer="Fedify"
)
async def test_a_person_of_ours_goes_with_everything(
    peer: FedifyPeer, hq: RunningNode, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    made = await ana.say("what ana said")
    await peer.wait_post(made["uri"])
    since = await last_seq(peer)
    await hq.db.write(departures.leave_for_good, node=hq.node, account_id=ana.id)
    await verified(peer, "Delete", ana, since=since)
    await peer.wait_post(made["uri"], deleted=True)
    assert await peer.following_state(rue, ana.uri) is None
    assert ana.uri not in await peer.people()
    answer = await peer.fetch(ana.uri, as_=rue)
    assert answer["status"] == 410


@pytest.mark.interop("Create", "in", "refused: after a Delete of the same id", peer="Fedify")
async def test_what_was_deleted_does_not_come_back(peer: FedifyPeer, ana: Person, rue: str) -> None:
    await we_follow(ana, peer, rue)
    words = f"short lived {ana.handle}"
    sent = await peer.post(rue, words)
    seen = await ana.sees(words)
    await peer.delete(sent["id"])
    await is_gone(ana, seen["id"])
    again = sent["document"] | {"id": f"{peer.origin}/again/{ana.handle}"}
    answer = await peer.deliver(rue, f"{ana.node.origin}/inbox", again, scheme=peer.knock)
    assert answer["status"] == 202
    await settled(ana.node)
    assert not [one for one in await ana.home() if words in one["content"]]


@pytest.mark.interop("Tombstone", "out", "410 where the post was for the world", peer="Fedify")
async def test_our_deleted_posts_are_gone_for_who_asks(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    public = await ana.say("for everybody")
    few = await ana.say("for few", visibility="private")
    for one in (public, few):
        await peer.wait_post(one["uri"])
        await ana.delete(f"/api/v1/statuses/{one['id']}")
        await peer.wait_post(one["uri"], deleted=True)
    gone = await peer.fetch(public["uri"], as_=rue)
    assert (gone["status"], gone["json"]["type"]) == (410, "Tombstone")
    assert (await peer.fetch(few["uri"], as_=rue))["status"] == 404
