"""Blocks and reports, with Fedify on either side."""

import pytest

from domain.kinds import Role
from tests.peers.meeting import acct, arrived, last_seq, they_follow, verified, we_follow
from tests.support.fedify import FedifyPeer
from tests.support.nodes import Person, RunningNode, until
from tests.together.stories import settled, standing, told

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.interop("Block", "in", "hides the two from each other, ends follows", peer="Fedify")
@pytest.mark.interop("Undo{Block}", "in", "shows the two to each other again", peer="Fedify")
async def test_their_block_hides_them_and_is_taken_back(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    account = await we_follow(ana, peer, rue)
    await they_follow(peer, rue, ana)
    await peer.post(rue, f"before the block {ana.handle}")
    await ana.sees("before the block")
    arrived(await peer.block(rue, ana.uri), peer)

    async def blocked() -> bool:
        return bool((await standing(ana, account["id"]))["blocked_by"])

    await until(blocked)
    now = await standing(ana, account["id"])
    assert (now["following"], now["followed_by"]) == (False, False)
    assert not [one for one in await ana.home() if "before the block" in one["content"]]
    again = await ana.ask("POST", f"/api/v1/accounts/{account['id']}/follow")
    assert again.status == 404
    arrived(await peer.unblock(rue, ana.uri), peer)

    async def let_back() -> bool:
        return not (await standing(ana, account["id"]))["blocked_by"]

    await until(let_back)
    await we_follow(ana, peer, rue)


@pytest.mark.interop("Block", "in", "refused: for somebody else", peer="Fedify")
async def test_S16_nobody_blocks_for_somebody_else(peer: FedifyPeer, ana: Person, rue: str) -> None:
    account = await we_follow(ana, peer, rue)
    block = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.origin}/forged/{ana.handle}",
        "type": "Block",
        "actor": peer.actor(rue),
        "object": ana.uri,
    }
    answer = await peer.deliver("reed", f"{ana.node.origin}/inbox", block, scheme=peer.knock)
    assert answer["status"] == 403
    await settled(ana.node)
    assert (await standing(ana, account["id"]))["blocked_by"] is False


@pytest.mark.interop("Block", "out", "ends the follows there", peer="Fedify")
@pytest.mark.interop("Undo{Block}", "out", "the block is gone there", peer="Fedify")
async def test_our_block_is_understood_and_taken_back(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    account = await they_follow(peer, rue, ana)
    since = await last_seq(peer)
    await ana.post(f"/api/v1/accounts/{account['id']}/block")
    seen = await verified(peer, "Block", ana, since=since)
    assert seen["inbox"] == rue, "a Block is for one person's own inbox"
    assert (ana.uri, peer.actor(rue)) in await peer.blocks()
    assert await peer.follower_state(rue, ana.uri) is None
    assert await peer.following_state(rue, ana.uri) is None
    hidden = await ana.say("not for rue")
    await settled(ana.node)
    assert await peer.post_named(hidden["uri"]) is None
    await ana.post(f"/api/v1/accounts/{account['id']}/unblock")
    undo = await verified(peer, "Undo", ana, since=seen["seq"])
    assert undo["document"]["object"]["type"] == "Block"
    assert (ana.uri, peer.actor(rue)) not in await peer.blocks()


@pytest.mark.interop("Flag", "in", "a report for the moderators", peer="Fedify")
async def test_their_report_reaches_our_moderators(
    peer: FedifyPeer, ana: Person, hq: RunningNode, rue: str
) -> None:
    mona = await hq.person(f"mona{ana.handle}", role=Role.MODERATOR)
    await they_follow(peer, rue, ana)
    made = await ana.say("what ana says")
    await peer.wait_post(made["uri"])
    arrived(await peer.flag(rue, ana.uri, made["uri"], content="not nice"), peer)
    notice = await told(mona, "admin.report")
    report = notice["report"]
    assert (report["comment"], report["target_account"]["acct"]) == ("not nice", ana.handle)
    assert notice["account"]["acct"] == acct(peer, rue)[1:]
    assert not [one for one in await ana.notifications() if one["type"] == "admin.report"]


@pytest.mark.interop("Flag", "out", "by the node, without the reporter's name", peer="Fedify")
async def test_our_report_names_nobody_of_ours(peer: FedifyPeer, ana: Person, rue: str) -> None:
    account = await we_follow(ana, peer, rue)
    words = f"what rue says {ana.handle}"
    post = await peer.post(rue, words)
    seen = await ana.sees(words)
    since = await last_seq(peer)
    await ana.post(
        "/api/v1/reports",
        account_id=account["id"],
        status_ids=[seen["id"]],
        comment=f"not nice {ana.handle}",
        forward=True,
    )
    flag = await peer.wait_received("Flag", since=since)
    assert (flag["http_signature"], flag["scheme"]) == ("verified", peer.knock)
    assert flag["actor"] != ana.uri
    report = next(one for one in await peer.flags() if ana.handle in (one["content"] or ""))
    assert set(report["objects"]) == {peer.actor(rue), post["id"]}
    assert ana.uri not in str(flag["document"])


async def test_a_report_that_is_not_forwarded_stays_here(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    """The positive twin is test_our_report_names_nobody_of_ours."""
    account = await we_follow(ana, peer, rue)
    await ana.post("/api/v1/reports", account_id=account["id"], comment="between us")
    await settled(ana.node)
    assert not [one for one in await peer.flags() if one["content"] == "between us"]
