"""Blocking across nodes: both ways hidden, follows end, who knows of it is told."""

import orjson
import pytest

from tests.support.nodes import Nodes, Person, until
from tests.together.spies import a_spy
from tests.together.stories import befriend, following, known, settled, standing, told


async def blocks(person: Person, account_id: str) -> None:
    answer = await person.post(f"/api/v1/accounts/{account_id}/block")
    assert answer["blocking"] is True
    await settled(person.node)


@pytest.mark.both
@pytest.mark.interop(
    "Block", "out", "the other node hides the two from each other", peer="our nodes"
)
async def test_a_block_hides_both_ways_and_ends_follows(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    her, him = await befriend(ben, ana), await befriend(ana, ben)
    await ana.say("before the block")
    await ben.sees("before the block")
    await blocks(ana, him["id"])
    await settled(hq, lab)
    there = await standing(ben, her["id"])
    assert (there["following"], there["followed_by"], there["blocked_by"]) == (False, False, True)
    here = await standing(ana, him["id"])
    assert (here["following"], here["followed_by"], here["blocking"]) == (False, False, True)
    assert await ben.home() == []
    assert await ben.get(f"/api/v1/accounts/{her['id']}/statuses") == []
    assert [one["acct"] for one in await ana.get("/api/v1/blocks")] == [f"ben@{lab.host}"]
    assert await ben.get("/api/v1/blocks") == []


@pytest.mark.interop("Undo{Block}", "out", "the two see each other again", peer="our nodes")
async def test_a_block_is_taken_back(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    her = await befriend(ben, ana)
    him = await ana.find(ben.acct)
    await blocks(ana, him["id"])
    await settled(hq, lab)
    assert (await ben.ask("POST", f"/api/v1/accounts/{her['id']}/follow")).status == 404
    answer = await ana.post(f"/api/v1/accounts/{him['id']}/unblock")
    assert answer["blocking"] is False

    async def let_back() -> bool:
        return not (await standing(ben, her["id"]))["blocked_by"]

    await until(let_back)
    await befriend(ben, ana)
    await following(ben, her["id"])


async def test_whoever_is_blocked_reaches_nobody_with_a_mention(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben, eva = await known(hq, "ana"), await known(lab, "ben"), await known(hq, "eva")
    him = await ana.find(ben.acct)
    await ben.find(ana.acct)
    await blocks(ana, him["id"])
    await ben.find(eva.acct)
    await ben.say(f"{ana.acct} {eva.acct} hear me", visibility="direct")
    await told(eva, "mention")
    assert not [one for one in await ana.notifications() if one["type"] == "mention"]


async def test_G60_a_server_that_never_heard_of_her_is_not_told(nodes: Nodes) -> None:
    """A Block would be the first that it hears: then nothing is sent, and the block holds here."""
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        eve = await ana.find(spy.acct)
        await blocks(ana, eve["id"])
        assert spy.got("Block") == []
        assert not spy.heard(ana.uri)
        assert (await standing(ana, eve["id"]))["blocking"] is True


@pytest.mark.interop("Block", "out", "sent to the blocked person's own inbox", peer="a stranger")
async def test_a_server_that_knows_her_is_told(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        await spy.follow(ana)
        eve = await ana.find(spy.acct)
        await blocks(ana, eve["id"])
        assert (spy.got("Block"), len(spy.got("Reject"))) == ([spy.eve.uri], 1)
        sent = [orjson.loads(one.body) for one in spy.server.seen if b'"Block"' in one.body]
        assert sent[0]["to"] == [spy.eve.uri]
        await ana.post(f"/api/v1/accounts/{eve['id']}/unblock")
        await settled(hq)
        assert len(spy.got("Undo")) == 1


@pytest.mark.parametrize("whom", ["herself", "the helper"])
async def test_some_cannot_be_blocked(nodes: Nodes, whom: str) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    handle = {"herself": "ana", "the helper": "tertulia"}[whom]
    account = await ana.get("/api/v1/accounts/lookup", acct=handle)
    answer = await ana.ask("POST", f"/api/v1/accounts/{account['id']}/block")
    assert answer.status in {403, 422}
    assert await ana.get("/api/v1/blocks") == []


async def test_Z02_nobody_blocks_whom_they_may_not_know(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    assert (await ana.ask("POST", "/api/v1/accounts/123456/block")).status == 404
    assert (await ana.ask("POST", "/api/v1/accounts/123456/unblock")).status == 404
