"""Whom a node talks to: nobody, an allow-list, or all but the blocked."""

import asyncio

import pytest
from sqlalchemy import delete

from domain.kinds import RuleAction
from storage.queries import origins
from storage.tables.actors import key_fetches
from tests.support.nodes import Nodes, RunningNode, until
from tests.together.spies import a_spy
from tests.together.stories import (
    asked,
    befriend,
    cannot_find,
    dropped,
    known,
    settled,
    standing,
    waiting,
)

FORGOTTEN = 2.2
"""Seconds after which no answer about a domain is remembered any more."""


async def decide(node: RunningNode, host: str, action: RuleAction) -> None:
    """What `tertulia partner allow` and `block` do; it holds when nothing older is remembered."""
    await node.db.write(origins.set_rule, host, action)
    await asyncio.sleep(FORGOTTEN)


@pytest.mark.both
async def test_partners_talk_only_to_whom_both_allow(nodes: Nodes) -> None:
    hq = await nodes.start("hq", federation="partners")
    lab = await nodes.start("lab", federation="partners")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    search = {"q": ana.acct, "resolve": "true", "type": "accounts"}
    assert (await ben.get("/api/v2/search", **search))["accounts"] == []
    await decide(lab, hq.host, RuleAction.ALLOW)
    assert (await ben.get("/api/v2/search", **search))["accounts"] == []
    await decide(hq, lab.host, RuleAction.ALLOW)
    cy = await known(lab, "cy")
    await the_rest_is_over(lab)
    await befriend(cy, ana)
    await ana.say("between partners")
    await cy.sees("between partners")


_FORGET_RESTS = delete(key_fetches)


async def the_rest_is_over(node: RunningNode) -> None:
    """What could not be had rests for five minutes; they have passed."""
    await node.db.write(lambda tx: tx.run(_FORGET_RESTS))


async def test_an_unknown_server_gets_the_same_refusal_whatever_it_asks(nodes: Nodes) -> None:
    hq = await nodes.start("hq", federation="partners")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        follow = spy.server.activity(spy.eve, "Follow", ana.uri)
        nobody = spy.server.activity(spy.eve, "Follow", f"{hq.origin}/a/1")
        answers = [
            await spy.server.deliver(spy.eve, f"{hq.origin}{path}", activity)
            for path in ("/inbox", f"/a/{ana.id}/inbox", "/a/1/inbox")
            for activity in (follow, nobody)
        ]
        assert {(answer.status, answer.body) for answer in answers} == {(403, answers[0].body)}
        assert spy.server.seen == [], "it is not even asked for its key"
        assert (await spy.fetch(ana.uri)).status == 403
        assert (await spy.fetch(ana.uri)).body == (await spy.fetch(f"{hq.origin}/a/1")).body


async def test_closed_talks_to_nobody(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq", federation="closed"), await nodes.start("lab")
    ana, dora, ben = await known(hq, "ana"), await known(hq, "dora"), await known(lab, "ben")
    assert (await ben.get("/api/v2/search", q=ana.acct, resolve="true"))["accounts"] == []
    assert (await ana.get("/api/v2/search", q=ben.acct, resolve="true"))["accounts"] == []
    made = await ana.say(f"inside only {ben.acct}")
    await ana.follow(f"@dora@{hq.host}")
    assert "inside only" in (await dora.get(f"/api/v1/statuses/{made['id']}"))["content"]
    finger = f"/.well-known/webfinger?resource=acct:ana@{hq.host}"
    for path in (finger, f"/a/{ana.id}", f"/o/{made['id']}", f"/a/{ana.id}/outbox"):
        answer = await hq.ask("GET", path, headers={"Accept": "application/activity+json"})
        assert answer.status == 404, path
    assert (await hq.ask("POST", "/inbox", data=b"{}")).status == 404
    await settled(hq, lab)
    assert await waiting(hq) == 0
    assert await cannot_find(ben, made["uri"])


@pytest.mark.both
async def test_a_blocked_domain_gets_and_brings_nothing_any_more(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    account = await befriend(ben, ana)
    await befriend(ana, ben)
    await ben.say("before the block")
    await ana.sees("before the block")
    await decide(hq, lab.host, RuleAction.BLOCK)
    await ana.say("after the block", visibility="private")
    await ben.say("after the block, too")
    await settled(hq)
    assert await waiting(hq) == 0

    async def refused() -> bool:
        return await waiting(lab) == 0

    await until(refused)
    assert not [one for one in await ana.home() if "after the block, too" in one["content"]]
    assert not [one for one in await ben.home() if "after the block" in one["content"]][1:]
    assert await dropped(hq) == []
    found = await ana.get("/api/v2/search", q=f"@cy@{lab.host}", resolve="true", type="accounts")
    assert found["accounts"] == []
    assert (await standing(ben, account["id"]))["following"] is True, "it is told nothing"


async def test_a_block_holds_below_its_name_and_for_what_was_queued(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy("spy.evil") as spy, a_spy("spy.notevil") as other:
        await spy.follow(ana)
        await other.follow(ana)
        await decide(hq, "evil.localhost", RuleAction.BLOCK)
        made = await ana.say("to whom it may concern")
        await settled(hq)
        assert other.got("Create") == [made["uri"]]
        assert spy.got("Create") == []
        follow = spy.server.activity(spy.eve, "Undo", spy.server.activity(spy.eve, "Follow", "x"))
        assert (await spy.server.deliver(spy.eve, f"{hq.origin}/inbox", follow)).status == 403


async def test_who_is_blocked_cannot_ask_again(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    account = await ben.follow(ana)
    await asked(ana, ben.uri)
    await decide(hq, lab.host, RuleAction.BLOCK)
    await ben.post(f"/api/v1/accounts/{account['id']}/unfollow")
    await settled(lab)
    assert await ana.get("/api/v1/follow_requests") != [], "their Undo was not heard"
