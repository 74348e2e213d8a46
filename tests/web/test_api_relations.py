"""How people stand to each other, through the client API: what one app does, another one sees."""

from typing import Any

import pytest

from tests.support.nodes import Person, RunningNode
from tests.support.strict import check

MUTES, BLOCKS, DOMAINS = "/api/v1/mutes", "/api/v1/blocks", "/api/v1/domain_blocks"


def path(person: Person, act: str) -> str:
    return f"/api/v1/accounts/{person.id}/{act}"


async def stands(me: Person, other: Person) -> Any:
    found = await me.get("/api/v1/accounts/relationships", **{"id[]": str(other.id)})
    return check("relationship", found[0])


@pytest.mark.operation(
    "POST /api/v1/accounts/:id/mute",
    "POST /api/v1/accounts/:id/unmute",
    "GET /api/v1/mutes",
    "GET /api/v1/accounts/relationships",
)
async def test_who_is_muted_in_one_app_is_quiet_in_the_other(ana: Person, bo: Person) -> None:
    other_app = await ana.second_app()
    await ana.post(path(bo, "follow"))
    await other_app.home()
    await bo.say("Loud and clear")
    assert len(await other_app.home()) == 1
    muted = check("relationship", await ana.post(path(bo, "mute"), duration=3600))
    assert (muted["muting"], muted["muting_notifications"]) == (True, True)
    assert muted["muting_expires_at"] is not None
    assert await other_app.home() == await other_app.get("/api/v1/timelines/public") == []
    assert (await stands(other_app, bo))["muting"]
    [listed] = await other_app.get(MUTES)
    assert listed["id"] == str(bo.id)
    assert listed["mute_expires_at"] == muted["muting_expires_at"]
    assert not (await stands(bo, ana))["blocked_by"]  # nobody is told
    ended = await other_app.post(path(bo, "unmute"))
    assert (ended["muting"], ended["muting_expires_at"]) == (False, None)
    assert await ana.get(MUTES) == []
    assert len(await ana.home()) == 1


async def test_a_quote_of_who_is_muted_says_so_and_can_be_opened(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    cy = await node.person("cy")
    post = await bo.say("Measure twice", visibility="unlisted")
    quoting = await cy.say("See this", quoted_status_id=post["id"])
    where = f"/api/v1/statuses/{quoting['id']}"
    assert (await ana.get(where))["quote"]["state"] == "accepted"
    await ana.post(path(bo, "mute"))
    quote = (await ana.get(where))["quote"]
    assert (quote["state"], quote["quoted_status"]["id"]) == ("muted_account", post["id"])
    [listed] = await ana.get("/api/v1/timelines/public")
    assert listed["quote"]["state"] == "muted_account"
    assert len(await bo.get(f"/api/v1/statuses/{post['id']}/quotes")) == 1
    await bo.post(path(cy, "mute"))
    assert await bo.get(f"/api/v1/statuses/{post['id']}/quotes") == []


async def test_a_mute_may_leave_notifications(ana: Person, bo: Person) -> None:
    form = {"notifications": "false", "duration": "0"}
    answer = await ana.ask("POST", path(bo, "mute"), data=form)
    assert (answer.json["muting_notifications"], answer.json["muting_expires_at"]) == (False, None)
    await bo.say("Hello @ana")
    assert [one["type"] for one in await ana.notifications()] == ["mention"]
    await ana.post(path(bo, "mute"))
    assert await ana.notifications() == []


@pytest.mark.parametrize("sent", ["soon", "-5", "1e3"])
async def test_a_mute_of_no_length_is_refused(ana: Person, bo: Person, sent: str) -> None:
    refused = await ana.ask("POST", path(bo, "mute"), data={"duration": sent})
    assert refused.status == 422
    assert not (await stands(ana, bo))["muting"]


async def test_lists_of_mutes_and_blocks_go_by_pages(node: RunningNode, ana: Person) -> None:
    people = [await node.person(f"p{number}") for number in range(3)]
    for person in people[:2]:
        await ana.post(path(person, "mute"))
    for person in people:
        await ana.post(path(person, "block"))
    for where, newest, oldest in ((MUTES, 1, 0), (BLOCKS, 2, 0)):
        first = await ana.ask("GET", where, params={"limit": "1"})
        assert [one["id"] for one in first.json] == [str(people[newest].id)]
        older = first.headers["Link"].split(">")[0].removeprefix("<")
        rest = await ana.ask("GET", older.replace("limit=1", "limit=5"))
        assert [one["id"] for one in rest.json][-1] == str(people[oldest].id)
        assert "Link" not in (await ana.ask("GET", f"{where}?max_id=1")).headers
        assert (await ana.ask("GET", f"{where}?limit=-1")).status == 400


@pytest.mark.operation(
    "GET /api/v1/blocks", "POST /api/v1/accounts/:id/block", "POST /api/v1/accounts/:id/unblock"
)
async def test_a_block_in_one_app_is_seen_in_the_other_and_by_the_other(
    ana: Person, bo: Person
) -> None:
    other_app = await ana.second_app()
    await bo.say("Before")
    assert (await ana.post(path(bo, "block")))["blocking"]
    [listed] = await other_app.get(BLOCKS)
    assert check("account", listed)["id"] == str(bo.id)
    assert await other_app.get("/api/v1/timelines/public") == []
    assert (await stands(bo, ana))["blocked_by"]
    assert not (await other_app.post(path(bo, "unblock")))["blocking"]
    assert await ana.get(BLOCKS) == []
    assert len(await ana.get("/api/v1/timelines/public")) == 1


@pytest.mark.operation(
    "GET /api/v1/domain_blocks", "POST /api/v1/domain_blocks", "DELETE /api/v1/domain_blocks"
)
async def test_a_server_shut_out_in_one_app_is_out_in_the_other(ana: Person, bo: Person) -> None:
    other_app = await ana.second_app()
    assert await ana.post(DOMAINS, domain="Far.example") == {}
    await ana.post(DOMAINS, domain="near.example")
    first = await other_app.ask("GET", DOMAINS, params={"limit": "1"})
    assert first.json == ["near.example"]
    assert "max_id" in first.headers["Link"]
    assert await other_app.get(DOMAINS) == ["near.example", "far.example"]
    # Tusky sends DELETE with a form.
    gone = await other_app.ask("DELETE", DOMAINS, data={"domain": "near.example"})
    assert (gone.status, gone.json) == (200, {})
    assert await ana.get(DOMAINS) == ["far.example"]
    assert await bo.get(DOMAINS) == []


@pytest.mark.parametrize(("sent", "status"), [("", 400), ("not a domain", 422), ("own", 422)])
async def test_what_is_no_server_cannot_be_shut_out(
    node: RunningNode, ana: Person, sent: str, status: int
) -> None:
    domain = node.host if sent == "own" else sent
    refused = await ana.ask("POST", DOMAINS, data={"domain": domain})
    assert refused.status == status
    assert refused.json["error"]
    assert await ana.get(DOMAINS) == []


@pytest.mark.operation("POST /api/v1/accounts/:id/note")
async def test_a_note_is_seen_in_ones_other_app_and_by_nobody_else(ana: Person, bo: Person) -> None:
    other_app = await ana.second_app()
    noted = check("relationship", await ana.post(path(bo, "note"), comment="Met at the fair"))
    assert noted["note"] == "Met at the fair"
    assert (await stands(other_app, bo))["note"] == "Met at the fair"
    assert (await stands(bo, ana))["note"] == ""
    too_long = await ana.ask("POST", path(bo, "note"), data={"comment": "x" * 2001})
    assert too_long.status == 422
    assert (await other_app.post(path(bo, "note")))["note"] == ""
    assert (await stands(ana, bo))["note"] == ""


@pytest.mark.operation(
    "POST /api/v1/accounts/:id/follow",
    "POST /api/v1/accounts/:id/unfollow",
    "POST /api/v1/accounts/:id/remove_from_followers",
)
async def test_a_follow_has_wishes_and_ends_from_both_sides(ana: Person, bo: Person) -> None:
    wishes = {"reblogs": False, "notify": True, "languages": ["de", "EN"]}
    followed = check("relationship", await ana.post(path(bo, "follow"), **wishes))
    assert (followed["showing_reblogs"], followed["notifying"]) == (False, True)
    assert followed["languages"] == ["de", "en"]
    await bo.say("Guten Tag", language="de")
    [told] = await ana.notifications()
    assert (told["type"], told["status"]["content"]) == ("status", "<p>Guten Tag</p>")
    form = "languages[]=&reblogs=true"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    again = (await ana.ask("POST", path(bo, "follow"), data=form, headers=headers)).json
    assert (again["showing_reblogs"], again["languages"]) == (True, None)
    assert again["notifying"]  # what is not sent stays
    assert (await ana.ask("POST", path(bo, "follow"), json={"languages": ["?"]})).status == 422
    assert (await stands(bo, ana))["followed_by"]
    assert not (await bo.post(path(ana, "remove_from_followers")))["followed_by"]
    assert not (await stands(ana, bo))["following"]
    await ana.post(path(bo, "follow"))
    assert not (await ana.post(path(bo, "unfollow")))["following"]
    assert not (await stands(bo, ana))["followed_by"]


@pytest.mark.operation(
    "GET /api/v1/follow_requests",
    "POST /api/v1/follow_requests/:id/authorize",
    "POST /api/v1/follow_requests/:id/reject",
)
async def test_requests_are_answered_and_the_answer_is_seen(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    cy = await node.person("cy")
    await bo.ask("PATCH", "/api/v1/accounts/update_credentials", data={"locked": "true"})
    for person in (ana, cy):
        assert (await person.post(path(bo, "follow"), notify=True))["requested"]
    first = await bo.ask("GET", "/api/v1/follow_requests", params={"limit": "1"})
    assert [one["acct"] for one in first.json] == ["cy"]
    assert "max_id" in first.headers["Link"]
    answered = await bo.post(f"/api/v1/follow_requests/{ana.id}/authorize")
    assert check("relationship", answered)["followed_by"]
    assert (await bo.post(f"/api/v1/follow_requests/{cy.id}/reject"))["requested_by"] is False
    assert await bo.get("/api/v1/follow_requests") == []
    seen = await stands(ana, bo)
    assert (seen["following"], seen["notifying"]) == (True, True)
    assert (await stands(cy, bo))["requested"] is False


@pytest.mark.parametrize("act", ["mute", "unmute", "note", "block", "follow", "unfollow"])
async def test_Z05_whom_a_guest_may_not_know_of_is_nobody(
    ana: Person, gina: Person, act: str
) -> None:
    hidden = await gina.ask("POST", path(ana, act), data={"comment": "?"})
    nobody = await gina.ask("POST", f"/api/v1/accounts/1/{act}", data={"comment": "?"})
    assert (hidden.status, hidden.json) == (nobody.status, nobody.json)
    assert hidden.status == 404
    assert await gina.get(MUTES) == await gina.get(BLOCKS) == []


async def test_relationships_come_in_the_order_asked_for(node: RunningNode, ana: Person) -> None:
    people = [await node.person(f"q{number}") for number in range(3)]
    asked = "&".join(f"id[]={one.id}" for one in (*people[::-1], people[0]))
    found = await ana.get(f"/api/v1/accounts/relationships?{asked}&id[]=1&id[]=x")
    assert [one["id"] for one in found] == [str(one.id) for one in people[::-1]]
