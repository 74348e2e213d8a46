"""Reporting, looking at reports, blocking and leaving in a browser without scripts."""

import pytest

from domain.kinds import Role
from social import apps, memberships
from storage.queries import accounts
from tests.support.nodes import Person, RunningNode
from tests.web.gathering import found_club
from tests.web.visitor import PASSWORD, Visitor, Visitors, with_password


@pytest.fixture
async def mona(node: RunningNode) -> Person:
    """A moderator."""
    return await node.person("mona", Role.MODERATOR)


async def reported(visitors: Visitors, by: Person, about: str, words: str) -> None:
    """Through the form, as a person does it."""
    browser = await visitors.of(by)
    await browser.get(f"/report?{about}")
    sent = await browser.send("/report", comment=words, category="2")
    assert (sent.status, "Thank you" in sent.text) == (200, True)


async def one_report(browser: Visitor) -> str:
    """The address of the only report on the list."""
    listed = await browser.get("/reports")
    links = [node.attributes["href"] for node in listed.tree.css("section.line a")]
    assert len(links) == 1, listed.text
    return str(links[0])


async def test_a_post_is_reported_and_the_report_closed(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person, mona: Person
) -> None:
    post = await bo.say("what bo says")
    await reported(visitors, ana, f"post={post['id']}", "he shouts")
    browser = await visitors.of(mona)
    assert "reported somebody" in (await browser.get("/notifications")).text
    address = await one_report(browser)
    shown = await browser.get(address)
    for words in ("he shouts", "what bo says", "@ana", "Somebody has to look at it"):
        assert words in shown.text
    await browser.send(f"{address}/note", note="I asked bo")
    await browser.get(address)
    await browser.send(f"{address}/close", note="bo is sorry")
    closed = await browser.get(address)
    for words in ("Closed.", "I asked bo", "bo is sorry"):
        assert words in closed.text
    assert "Nothing waits" in (await browser.get("/reports")).text
    assert "@bo" in (await browser.get(await first_closed(browser))).text
    await browser.send(f"{address}/reopen", note="")
    assert await one_report(browser) == address


async def first_closed(browser: Visitor) -> str:
    listed = await browser.get("/reports?closed=1")
    found = listed.tree.css_first("section.line a")
    assert found is not None
    return str(found.attributes["href"])


async def test_a_moderator_suspends_and_frees(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person, mona: Person
) -> None:
    await bo.say("what bo says")
    await reported(visitors, ana, f"person={bo.id}", "he shouts")
    browser = await visitors.of(mona)
    address = await one_report(browser)
    await browser.get(address)
    await browser.send(f"{address}/limit", to="suspend", note="too loud")
    assert "Suspended" in (await browser.get(address)).text
    assert (await (await visitors.of(ana)).get("/@bo")).status == 404
    assert (await bo.ask("GET", "/api/v1/timelines/home")).status == 401
    await browser.get(address)
    await browser.send(f"{address}/limit", to="free", note="")
    assert (await (await visitors.of(ana)).get("/@bo")).status == 200


async def test_a_moderator_takes_a_post_down(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person, mona: Person
) -> None:
    post, other = await bo.say("what bo says"), await bo.say("what else bo says")
    await reported(visitors, ana, f"post={post['id']}", "he shouts")
    browser = await visitors.of(mona)
    address = await one_report(browser)
    await browser.get(address)
    await browser.send(f"{address}/take-down", note="not here")
    assert "This post was deleted" in (await browser.get(address)).text
    assert (await ana.ask("GET", f"/api/v1/statuses/{post['id']}")).status == 404
    told = [one["status"]["content"] for one in await bo.notifications() if "status" in one]
    assert any("not here" in one for one in told)
    csrf = (await browser.get(address)).fields(f"{address}/note")["csrf"]
    sent = await browser.post(f"{address}/take-down", csrf=csrf, post=other["id"])
    assert sent.status == 404, "another post is no matter of this report"
    assert (await ana.ask("GET", f"/api/v1/statuses/{other['id']}")).status == 200


async def test_Z01_reports_are_for_moderators(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person, mona: Person
) -> None:
    await reported(visitors, ana, f"person={bo.id}", "he shouts")
    address = await one_report(await visitors.of(mona))
    for person in (ana, bo):
        browser = await visitors.of(person)
        assert (await browser.get(address)).status == 404
        assert "he shouts" not in (await browser.get("/reports")).html
        csrf = (await browser.get("/settings")).fields("/settings")["csrf"]
        for deed in ("close", "reopen", "note", "limit", "take-down"):
            sent = await browser.post(
                f"{address}/{deed}", csrf=csrf, note="x", to="suspend", post="1"
            )
            assert sent.status == 404
    assert await one_report(await visitors.of(mona)) == address


async def test_G65_a_steward_sees_what_was_said_in_the_community_but_not_by_whom(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person, mona: Person
) -> None:
    await found_club(ana, bo)
    said = await bo.say("@club among us")
    cy = await node.person("cy")
    await cy.post(f"/api/v1/accounts/{said['account']['id']}/follow")
    steward = await visitors.of(ana)
    await reported(visitors, await member(node, ana, "dee"), f"post={said['id']}", "too loud")
    address = await one_report(steward)
    shown = await steward.get(address)
    assert "too loud" in shown.text
    assert "among us" in shown.text
    assert "dee" not in shown.html
    assert f"{address}/limit" not in shown.html
    csrf = shown.fields(f"{address}/note")["csrf"]
    sent = await steward.post(f"{address}/limit", csrf=csrf, to="suspend", note="")
    assert sent.status == 404
    await reported(visitors, cy, f"person={bo.id}", "outside of it")
    assert "outside of it" not in (await steward.get("/reports")).html
    assert "dee" in (await (await visitors.of(mona)).get(address)).html


async def member(node: RunningNode, founder: Person, handle: str) -> Person:
    """Somebody more in the club."""
    person = await node.person(handle)
    clubs = await founder.get("/api/v1/lists")
    await node.db.write(
        memberships.add,
        node=node.node,
        community_id=int(clubs[0]["id"].removeprefix("g")),
        actor_id=person.id,
        by_id=founder.id,
    )
    return person


async def test_somebody_is_blocked_and_let_back(
    visitors: Visitors, ana: Person, bo: Person
) -> None:
    await bo.say("what bo says")
    browser = await visitors.of(ana)
    await browser.get("/@bo")
    await browser.send(f"/people/{bo.id}/block")
    shown = await browser.get("/@bo")
    assert "You block this person" in shown.text
    assert "what bo says" not in shown.text
    assert "@bo" in (await browser.get("/blocks")).text
    await browser.send(f"/people/{bo.id}/unblock")
    assert "You block nobody" in (await browser.get("/blocks")).text
    assert "what bo says" in (await browser.get("/@bo")).text


async def test_P13_somebody_leaves_for_good(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    cy = await with_password(node, "cy")
    secret = await with_token(node, cy)
    said = await secret.say("what cy says")
    await ana.follow("@cy")
    browser = visitors.stranger()
    await browser.sign_in("cy")
    await browser.get("/settings/leave")
    for typed in ({"handle": "ana", "password": PASSWORD}, {"handle": "cy", "password": "guessed"}):
        refused = await browser.send("/settings/leave", **typed)
        assert refused.status == 422
    assert (await ana.ask("GET", f"/api/v1/statuses/{said['id']}")).status == 200
    done = await browser.send("/settings/leave", handle="@Cy", password=PASSWORD)
    assert (done.status, "Good-bye" in done.text) == (200, True)
    assert (await browser.get("/settings")).location.startswith("/sign-in")
    assert (await ana.ask("GET", f"/api/v1/statuses/{said['id']}")).status == 404
    assert (await visitors.stranger().sign_in("cy")).status == 422
    row = await node.db.read(accounts.by_id, cy.id)
    assert row is not None
    assert "cy" not in row.email


async def with_token(node: RunningNode, person: Person) -> Person:
    """A password that was set ended the tokens: a new one."""
    issued = await node.db.write(
        apps.issue, app_id=None, account_id=person.id, granted="read write follow"
    )
    return Person(node, person.id, person.handle, issued.token)


async def test_the_only_admin_cannot_leave(node: RunningNode, visitors: Visitors) -> None:
    await with_password(node, "boss", Role.ADMIN)
    browser = visitors.stranger()
    await browser.sign_in("boss")
    await browser.get("/settings/leave")
    refused = await browser.send("/settings/leave", handle="boss", password=PASSWORD)
    assert (refused.status, "only admin" in refused.text) == (409, True)
