"""Moving, pinning and profiles, with Fedify on either side."""

import pytest

from social import moves
from storage.queries import actors
from storage.tx import Tx
from tests.peers.meeting import acct, arrived, they_follow, verified, we_follow
from tests.peers.test_fedify_polls import ENDS
from tests.support.fedify import FedifyPeer
from tests.support.nodes import Person, RunningNode, until
from tests.together.stories import asked, following, settled, standing, told
from tests.together.test_pins import shows as pinned

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _name(tx: Tx, node: RunningNode, who: Person, uri: str) -> None:
    other = actors.by_uri(tx, uri)
    assert other is not None
    moves.add_alias(tx, node=node.node, actor_id=who.id, other_id=other.id)


def _move(tx: Tx, node: RunningNode, who: Person, uri: str) -> None:
    target = actors.by_uri(tx, uri)
    assert target is not None
    moves.move(tx, node=node.node, actor_id=who.id, target_id=target.id)


@pytest.mark.interop("Move", "in", "followers follow the new account", peer="Fedify")
async def test_they_move_to_another_server_and_our_followers_go_along(
    peer: FedifyPeer, third: FedifyPeer, ana: Person, rue: str
) -> None:
    account = await we_follow(ana, peer, rue)
    new = await third.new_actor(rue)
    await third.alias(rue, peer.actor(rue))
    arrived(await peer.move(rue, new), peer)
    there = await ana.find(acct(third, rue))
    await following(ana, there["id"])
    await following(ana, account["id"], is_so=False)
    assert await third.follower_state(rue, ana.uri) == "accepted"
    shown = await ana.get(f"/api/v1/accounts/{account['id']}")
    assert shown["moved"]["uri"] == new
    assert (await told(ana, "move"))["target"]["uri"] == new


@pytest.mark.interop(
    "Move", "in", "refused: the new account does not name the old one", peer="Fedify"
)
async def test_a_move_that_the_new_account_does_not_confirm_is_none(
    peer: FedifyPeer, third: FedifyPeer, ana: Person, rue: str
) -> None:
    """The positive twin is the test above."""
    account = await we_follow(ana, peer, rue)
    new = await third.new_actor(rue)
    arrived(await peer.move(rue, new), peer)
    await settled(ana.node)
    await following(ana, account["id"])
    assert await third.follower_state(rue, ana.uri) is None


@pytest.mark.interop("Move", "out", "followers follow the new account", peer="Fedify")
async def test_we_move_and_their_followers_go_along(
    peer: FedifyPeer, third: FedifyPeer, ana: Person, hq: RunningNode, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    new = await third.new_actor(rue)
    await third.alias(rue, ana.uri)
    await ana.find(acct(third, rue))
    await hq.db.write(_move, hq, ana, new)

    async def along() -> bool:
        return await peer.following_state(rue, new) == "accepted"

    await peer.until(along, what="the follow of the new account")
    assert await peer.following_state(rue, ana.uri) is None
    assert (await peer.people())[ana.uri]["moved_to"] == new
    late = await peer.follow("reed", ana.uri)
    arrived(late, peer)

    async def refused() -> bool:
        return await peer.following_state("reed", ana.uri) == "rejected"

    await peer.until(refused, what="the Reject by who moved")


@pytest.mark.interop("alsoKnownAs", "out", "an account elsewhere may move to ours", peer="Fedify")
async def test_they_move_to_us_and_their_followers_ask_here(
    peer: FedifyPeer, third: FedifyPeer, ana: Person, hq: RunningNode, rue: str
) -> None:
    await third.follow("moss", peer.actor(rue))

    async def followed() -> bool:
        return await third.following_state("moss", peer.actor(rue)) == "accepted"

    await third.until(followed, what="the Accept")
    await ana.find(acct(peer, rue))
    await hq.db.write(_name, hq, ana, peer.actor(rue))
    await settled(hq)
    await peer.move(rue, ana.uri)
    await asked(ana, third.actor("moss"))

    async def left() -> bool:
        return await third.following_state("moss", peer.actor(rue)) is None

    await third.until(left, what="the end of the old follow")


@pytest.mark.interop("Add (featured)", "in", "pinned to the author's page", peer="Fedify")
@pytest.mark.interop("Remove (featured)", "in", "taken down again", peer="Fedify")
async def test_what_they_pin_is_on_top_until_they_take_it_off(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    account = await we_follow(ana, peer, rue)
    first, second = await peer.post(rue, "first words"), await peer.post(rue, "second words")
    await ana.sees("second words")
    arrived(await peer.pin(first["id"]), peer)
    await pinned(ana, account, "first words")
    await peer.pin(second["id"])
    await pinned(ana, account, "second words", "first words")
    arrived(await peer.unpin(first["id"]), peer)
    await pinned(ana, account, "second words")


@pytest.mark.interop("Add (featured)", "in", "refused: to somebody else's profile", peer="Fedify")
async def test_O04_nobody_pins_on_anothers_profile(peer: FedifyPeer, ana: Person, rue: str) -> None:
    account = await we_follow(ana, peer, rue)
    post = await peer.post(rue, "not for the top")
    await ana.sees("not for the top")
    add = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.origin}/forged/{ana.handle}",
        "type": "Add",
        "actor": peer.actor("reed"),
        "object": post["id"],
        "target": f"{peer.actor(rue)}/featured",
    }
    answer = await peer.deliver("reed", f"{ana.node.origin}/inbox", add, scheme=peer.knock)
    assert answer["status"] == 202
    await settled(ana.node)
    found = await ana.get(f"/api/v1/accounts/{account['id']}/statuses", pinned="true")
    assert found == []


@pytest.mark.interop("featured collection", "in", "read by who looks", peer="Fedify")
async def test_who_looks_finds_what_they_pinned_before(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    post = await peer.post(rue, "pinned long ago")
    question = await peer.ask(rue, "Pinned question?", ["Yes", "No"], end_time=ENDS)
    await peer.pin(post["id"])
    await peer.pin(question["id"])
    account = await ana.find(acct(peer, rue))
    await ana.get(f"/api/v1/accounts/{account['id']}/statuses", pinned="true")

    async def found() -> bool:
        top = await ana.get(f"/api/v1/accounts/{account['id']}/statuses", pinned="true")
        return {one["uri"] for one in top} == {post["id"], question["id"]}

    await until(found)


@pytest.mark.interop(
    "Add (featured)", "out", "goes to followers, for what they have", peer="Fedify"
)
@pytest.mark.interop("Remove (featured)", "out", "goes to followers", peer="Fedify")
@pytest.mark.interop("featured collection", "out", "ids of what the signer may read", peer="Fedify")
async def test_what_we_pin_is_told_and_stands_in_our_collection(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    made = await ana.say("for everybody")
    few = await ana.say("for followers", visibility="private")
    await peer.wait_post(few["uri"])
    for one in (made, few):
        await ana.post(f"/api/v1/statuses/{one['id']}/pin")

    async def told_of(*uris: str) -> None:
        async def so() -> bool:
            return set((await peer.people())[ana.uri].get("pins", [])) == set(uris)

        await peer.until(so, what=f"pins {uris}")

    await told_of(made["uri"], few["uri"])
    featured = (await peer.people())[ana.uri]["featured"]
    assert featured is not None
    as_follower = await peer.traverse(featured, as_=rue)
    assert {item["id"] for item in as_follower["items"]} == {made["uri"], few["uri"]}
    as_other = await peer.traverse(featured, as_="reed")
    assert [item["id"] for item in as_other["items"]] == [made["uri"]]
    await ana.post(f"/api/v1/statuses/{few['id']}/unpin")
    await told_of(made["uri"])


@pytest.mark.interop(
    "WebFinger", "out", "an actor's address leads to handle and actor", peer="Fedify"
)
@pytest.mark.interop("NodeInfo", "out", "software and protocols, no counts", peer="Fedify")
async def test_our_people_and_our_node_are_found(peer: FedifyPeer, ana: Person) -> None:
    """By address: for `acct:` Fedify asks by https alone."""
    assert await peer.lookup(ana.uri, as_="fern") == {"id": ana.uri, "type": "Person"}
    jrd = await peer.webfinger(ana.uri)
    assert jrd is not None
    assert jrd["subject"] == f"acct:{ana.acct[1:]}"
    assert ana.uri in [link["href"] for link in jrd["links"] if link["rel"] == "self"]
    info = await peer.nodeinfo(ana.node.origin)
    assert info is not None
    assert info["software"]["name"] == "tertulia"
    assert info["protocols"] == ["activitypub"]


@pytest.mark.interop("WebFinger", "out", "who is not known outside is not found", peer="Fedify")
async def test_G10_who_may_not_be_found_is_not_found(
    peer: FedifyPeer, inner: RunningNode, handle: str
) -> None:
    """The positive twin is the test above."""
    hidden = await inner.person(handle)
    assert await peer.webfinger(hidden.uri) is None
    assert await peer.lookup(hidden.uri, as_="fern") is None


@pytest.mark.interop("WebFinger", "in", "handles of a foreign server are found", peer="Fedify")
@pytest.mark.interop("Service", "in", "shown as an automated account, and followed", peer="Fedify")
async def test_a_service_of_theirs_is_followed(peer: FedifyPeer, ana: Person) -> None:
    await peer.new_actor(f"bot{ana.handle}", "Service", name="News", summary="<p>daily</p>")
    account = await we_follow(ana, peer, f"bot{ana.handle}")
    assert (account["bot"], account["group"], account["display_name"]) == (True, False, "News")
    await peer.post(f"bot{ana.handle}", f"what is new {ana.handle}")
    seen = await ana.sees(f"what is new {ana.handle}")
    assert seen["account"]["bot"] is True
    assert (await standing(ana, account["id"]))["following"] is True


@pytest.mark.interop("Follow", "in", "by a Service, which may be accepted", peer="Fedify")
async def test_a_service_of_theirs_follows_us(peer: FedifyPeer, ana: Person) -> None:
    robot = f"robot{ana.handle}"
    await peer.new_actor(robot, "Service")
    await they_follow(peer, robot, ana)
    made = await ana.say("for robots too")
    await peer.wait_post(made["uri"])
    await verified(peer, "Create", ana, since=0)
