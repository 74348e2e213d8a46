"""Reports across nodes: to the accused one's server, to a community's stewards, without a name."""

from typing import Any

import orjson
import pytest
from sqlalchemy import Select, select

from domain.kinds import Role
from social.taking_down import take_down
from storage.queries import reports
from storage.queries.reports import ReportRow
from storage.tables.reports import reports as table
from storage.tx import Tx
from tests.support.nodes import Json, Nodes, Person, RunningNode
from tests.together.communities import become_partners, found, note_for
from tests.together.spies import a_spy
from tests.together.stories import befriend, is_gone, known, settled, told

_ALL: Select[*tuple[Any, ...]] = select(*table.c).order_by(table.c.id)


async def reports_at(node: RunningNode) -> list[ReportRow]:
    return await node.db.read(lambda tx: [ReportRow(*row) for row in tx.all(_ALL)])


def _posts(tx: Tx, report_id: int) -> int:
    return len(reports.posts_of(tx, report_id))


@pytest.mark.both
@pytest.mark.interop("Flag", "out", "a report for the other node's moderators", peer="our nodes")
async def test_a_forwarded_report_reaches_the_other_node_without_a_name(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    mona = await lab.person("mona", role=Role.MODERATOR)
    him = await befriend(ana, ben)
    await ben.say("what ben says")
    post = await ana.sees("what ben says")
    made = await ana.post(
        "/api/v1/reports",
        account_id=him["id"],
        status_ids=[post["id"]],
        comment="not nice",
        category="violation",
        forward=True,
    )
    assert (made["forwarded"], made["category"], made["status_ids"]) == (
        True,
        "violation",
        [post["id"]],
    )
    assert made["target_account"]["id"] == him["id"]
    notice = await told(mona, "admin.report")
    assert notice["report"]["comment"] == "not nice"
    assert notice["report"]["target_account"]["acct"] == "ben"
    assert notice["account"]["acct"] == f"node@{hq.host}", "their node says it, nobody of theirs"
    (report,) = await reports_at(lab)
    assert await lab.db.read(_posts, report.id) == 1
    assert ana.uri not in orjson.dumps(notice).decode()


async def test_a_report_that_is_not_forwarded_stays_here(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    mona = await hq.person("mona", role=Role.MODERATOR)
    async with a_spy() as spy:
        eve = await ana.find(spy.acct)
        await ana.post("/api/v1/reports", account_id=eve["id"], comment="not nice")
        assert (await told(mona, "admin.report"))["account"]["acct"] == "ana"
        await settled(hq)
        assert not spy.heard("not nice")


@pytest.mark.interop("Flag", "out", "from our node's own actor, to the accused", peer="a stranger")
async def test_what_is_forwarded_names_the_node_and_what_they_have(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        await spy.follow(ana)
        eve = await ana.find(spy.acct)
        await ana.post("/api/v1/reports", account_id=eve["id"], comment="not nice", forward="true")
        await settled(hq)
        sent = [orjson.loads(one.body) for one in spy.server.seen if b'"Flag"' in one.body]
        assert len(sent) == 1
        assert sent[0]["object"] == [spy.eve.uri]
        assert sent[0]["content"] == "not nice"
        assert sent[0]["actor"] != ana.uri
        assert ana.uri not in orjson.dumps(sent[0]).decode()


@pytest.mark.both
@pytest.mark.interop(
    "Flag", "out", "to the community's node, whose stewards hear", peer="our nodes"
)
async def test_what_was_said_in_a_community_is_for_its_stewards(nodes: Nodes) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo = await hq.person("ana"), await hq.person("bo")
    cy, dee = await far.person("cy"), await far.person("dee")
    for person in (cy, dee, bo):
        await person.home()
    community = await found(hq, ana, bo)
    for person in (cy, dee):
        await person.follow(community.acct)
        await note_for(ana, f"{person.handle}@{far.host}")
        await ana.say(f"@tertulia approve @{person.handle}@{far.host}", visibility="direct")
        await community.takes_in(person.uri, far)
    await bo.say("@safe-lifting bend as I say", visibility="private")
    shown = await cy.sees("bend as I say")
    post = shown["reblog"] or shown
    made = await cy.post(
        "/api/v1/reports",
        account_id=post["account"]["id"],
        status_ids=[post["id"]],
        comment="he shouts",
    )
    assert made["forwarded"] is True
    note = await note_for(ana, "he shouts")
    assert "was reported" in note["content"]
    (report,) = await reports_at(hq)
    assert (report.community_id, report.accused_id) == (community.id, bo.id)
    assert cy.uri not in orjson.dumps(await ana.notifications()).decode()
    assert "he shouts" not in orjson.dumps(await bo.notifications()).decode()


@pytest.mark.both
async def test_a_steward_takes_a_post_out_of_the_community_on_every_node(nodes: Nodes) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo = await hq.person("ana"), await hq.person("bo")
    cy = await far.person("cy")
    for person in (bo, cy):
        await person.home()
    community = await found(hq, ana, bo)
    await cy.follow(community.acct)
    await note_for(ana, "asks to join")
    await ana.say(f"@tertulia approve @cy@{far.host}", visibility="direct")
    await community.takes_in(cy.uri, far)
    mine = await cy.say(f"@safe-lifting@{hq.host} cy shouts", visibility="private")
    theirs = await bo.say("@safe-lifting bo shouts", visibility="private")
    here, there = await bo.sees("cy shouts"), await cy.sees("bo shouts")
    shown = {"cy": (here["reblog"] or here), "bo": (there["reblog"] or there)}
    made = await bo.post(
        "/api/v1/reports",
        account_id=shown["cy"]["account"]["id"],
        status_ids=[shown["cy"]["id"]],
    )
    await hq.db.write(_take_down, node=hq, report=made, by=ana)
    await is_gone(bo, shown["cy"]["id"])
    await note_for(cy, "Safe lifting")
    assert (await cy.ask("GET", f"/api/v1/statuses/{mine['id']}")).status == 200, "her own words"
    made = await cy.post(
        "/api/v1/reports",
        account_id=shown["bo"]["account"]["id"],
        status_ids=[shown["bo"]["id"]],
    )
    await settled(hq, far)
    (report,) = [one for one in await reports_at(hq) if one.accused_id == bo.id]
    await hq.db.write(_take_down, node=hq, report={"id": report.id}, by=ana)
    await is_gone(cy, shown["bo"]["id"])
    assert (await bo.ask("GET", f"/api/v1/statuses/{theirs['id']}")).status == 200


def _take_down(tx: Tx, *, node: RunningNode, report: Json, by: Person) -> None:
    number = int(report["id"])
    (post_id,) = reports.posts_of(tx, number)
    take_down(tx, node=node.node, report_id=number, post_id=post_id, by_id=by.id, reason="loud")


async def test_what_somebody_elsewhere_wrote_is_taken_down_here_for_good(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    mona = await hq.person("mona", role=Role.MODERATOR)
    async with a_spy() as spy:
        server, eve, inbox = spy.server, spy.eve, f"{hq.origin}/inbox"
        note = server.note(
            eve,
            content="<p>loud words</p>",
            tag=[{"type": "Mention", "href": ana.uri, "name": ana.acct}],
            cc=[ana.uri],
        )
        await server.deliver(eve, inbox, server.activity(eve, "Create", note))
        post = (await told(ana, "mention"))["status"]
        made = await ana.post(
            "/api/v1/reports", account_id=post["account"]["id"], status_ids=[post["id"]]
        )
        await hq.db.write(_take_down, node=hq, report=made, by=mona)
        await is_gone(ana, post["id"])
        await server.deliver(eve, inbox, server.activity(eve, "Create", note))
        await settled(hq)
        assert (await ana.ask("GET", f"/api/v1/statuses/{post['id']}")).status == 404


async def test_Z03_a_report_confirms_nothing_that_is_hidden(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo, cy = [await hq.person(name) for name in ("ana", "bo", "cy")]
    hidden = await bo.say("@cy between us", visibility="direct")
    for about in (
        {"account_id": "123456"},
        {"account_id": str(bo.id), "status_ids": [hidden["id"]]},
        {"account_id": str(bo.id), "status_ids": ["123456"]},
    ):
        answer = await ana.ask("POST", "/api/v1/reports", json=about)
        assert answer.status == 404
        assert "between us" not in answer.text
    assert await reports_at(hq) == []
    made = await cy.post("/api/v1/reports", account_id=str(bo.id), status_ids=[hidden["id"]])
    assert made["status_ids"] == [hidden["id"]], "who was meant may report it"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"account_id": "me"}, 422),
        ({}, 400),
        ({"category": "boring"}, 422),
        ({"comment": "x" * 1_001}, 422),
    ],
    ids=["oneself", "nobody", "no category", "too long"],
)
async def test_some_reports_cannot_be(nodes: Nodes, said: dict[str, str], status: int) -> None:
    hq = await nodes.start("hq")
    ana, bo = await hq.person("ana"), await hq.person("bo")
    given = {"account_id": str(bo.id), **said} if said else {}
    if said.get("account_id") == "me":
        given = {"account_id": str(ana.id)}
    answer = await ana.ask("POST", "/api/v1/reports", json=given)
    assert answer.status in {status, 403}
    assert await reports_at(hq) == []
