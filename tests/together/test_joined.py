"""Whoever joined reads and writes; whoever left, or never came in, hears nothing more."""

import orjson

from tests.support.nodes import Nodes, Person, until
from tests.together.communities import Community, become_partners, found, note_for
from tests.together.spies import a_spy
from tests.together.stories import settled


async def _joined(community: Community, cy: Person, steward: Person) -> None:
    await cy.follow(community.acct)
    await note_for(steward, "asks to join")
    await steward.say(f"@tertulia approve @cy@{cy.node.host}", visibility="direct")
    await community.takes_in(cy.uri, cy.node)


async def test_whoever_joined_reads_and_answers_and_hears_nothing_after_removal(
    nodes: Nodes,
) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo, cy = await hq.person("ana"), await hq.person("bo"), await far.person("cy")
    await cy.home()
    await bo.home()
    community = await found(hq, ana, bo)
    await ana.say("@safe-lifting bend your knees", visibility="private")
    await _joined(community, cy, ana)
    shown = await cy.sees("bend your knees")
    post = shown["reblog"] or shown
    await cy.say("@ana and your back?", visibility="private", in_reply_to_id=post["id"])

    async def answered() -> bool:
        mine = await bo.sees("bend your knees")
        status = (mine["reblog"] or mine)["id"]
        thread = await bo.get(f"/api/v1/statuses/{status}/context")
        return any("and your back" in one["content"] for one in thread["descendants"])

    await until(answered)
    await ana.say(f"@tertulia remove @cy@{far.host}: project over", visibility="direct")
    await community.loses(cy.uri, far)
    await note_for(cy, "project over")
    await ana.say("@safe-lifting after the project", visibility="private")
    await settled(hq, far)
    assert (await cy.ask("GET", f"/api/v1/statuses/{post['id']}")).status == 404
    assert not [one for one in await cy.home() if "after the project" in str(one)]


async def test_a_request_that_waits_hears_nothing(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo, dee = await hq.person("ana"), await hq.person("bo"), await hq.person("dee")
    community = await found(hq, ana, bo)
    await dee.home()
    await dee.post(f"/api/v1/accounts/{community.id}/follow")
    said = await ana.say("@safe-lifting among ourselves", visibility="private")
    async with a_spy() as spy:
        assert (await spy.fetch(said["uri"])).status == 404
        await settled(hq)
        assert not spy.heard("among ourselves")
    assert (await dee.ask("GET", f"/api/v1/statuses/{said['id']}")).status == 404
    assert b"among ourselves" not in orjson.dumps(await dee.home())
    await bo.say("@tertulia approve @dee", visibility="direct")
    assert (await dee.ask("GET", f"/api/v1/statuses/{said['id']}")).status == 200
