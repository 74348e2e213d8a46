"""Finding people and talk through the client API: trends, directory, suggestions, own pages."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from domain.kinds import Preset, Role
from social.departures import leave_for_good, remove_the_rest
from storage.queries import endorsements
from tests.support.databases import folder_beside
from tests.support.factories import add_community, add_membership
from tests.support.nodes import Person, RunningNode, running_node, until
from tests.support.stranger import Page, stranger
from tests.support.strict import check
from tests.web.gathering import found_club
from web.mastodon.entities.accounts import Account, Relation
from web.mastodon.entities.discovery import FamiliarFollowers, FeaturedTag, Suggestion
from web.mastodon.entities.link_previews import PreviewCard
from web.mastodon.entities.statuses import Status
from web.mastodon.entities.tags import Tag

UPDATE = "/api/v1/accounts/update_credentials"


def accts(found: list[Any]) -> list[str]:
    return [one.get("account", one)["acct"] for one in found]


@pytest.fixture
async def cy(node: RunningNode) -> Person:
    return await node.person("cy")


# Trends.


@pytest.mark.operation("GET /api/v1/trends/tags", "GET /api/v1/trends/statuses")
async def test_what_several_people_talk_about_trends(
    node: RunningNode, ana: Person, bo: Person, gina: Person
) -> None:
    said = await ana.say("Lift #safely")
    await bo.say("I lift #Safely, too")
    await bo.say("Nobody else says #this")
    for path in ("/api/v1/trends/tags", "/api/v1/trends"):
        found = check(list[Tag], await ana.get(path))
        assert [tag["name"] for tag in found] == ["safely"]
        today, *before = found[0]["history"]
        assert (today["uses"], today["accounts"], len(before)) == ("2", "2", 6)
    assert (await ana.get("/api/v1/tags/safely"))["name"] == "safely"
    assert await ana.get("/api/v1/trends/tags", offset="1") == []
    for fan in (ana, bo):
        await fan.post(f"/api/v1/statuses/{said['id']}/favourite")
    trending = check(list[Status], await bo.get("/api/v1/trends/statuses"))
    assert [(post["id"], post["favourited"]) for post in trending] == [(said["id"], True)]
    # G14: what is for colleagues trends for nobody else.
    for path in ("tags", "statuses", "links"):
        assert await gina.get(f"/api/v1/trends/{path}") == []
        assert (await node.ask("GET", f"/api/v1/trends/{path}")).json == []
    # A right that ends bites, and so does a deletion.
    await bo.post(f"/api/v1/accounts/{ana.id}/block")
    assert await bo.get("/api/v1/trends/statuses") == []
    assert await bo.get("/api/v1/trends/tags") == []
    await ana.delete(f"/api/v1/statuses/{said['id']}")
    assert await ana.get("/api/v1/trends/statuses") == []


@pytest.mark.operation("GET /api/v1/trends/links")
async def test_pages_that_several_people_link_to_trend(new_database_url: Callable[[], str]) -> None:
    url = new_database_url()
    own = running_node(url, folder_beside(url) / "hq", public_means="network", link_previews="on")
    async with own as node, stranger("paper") as paper:
        ana, bo = await node.person("ana"), await node.person("bo")
        gina = await node.person("gina", Role.GUEST)
        page = b"<html><head><title>Learning</title></head><body>words</body></html>"
        paper.pages["/learning"] = Page(page, type="text/html; charset=utf-8")
        address = paper.url("/learning")
        for who in (ana, bo):
            await who.say(f"Read {address}")

        async def trends() -> bool:
            return bool(await ana.get("/api/v1/trends/links"))

        await until(trends)
        found = check(list[PreviewCard], await ana.get("/api/v1/trends/links"))
        assert [(card["url"], card["title"]) for card in found] == [(address, "Learning")]
        assert found[0]["history"][0]["accounts"] == "2"
        assert await ana.get("/api/v1/trends/links", offset="1") == []
        # G14: a page to which colleagues link among themselves is nobody else's.
        assert await gina.get("/api/v1/trends/links") == []
        assert (await node.ask("GET", "/api/v1/trends/links")).json == []


async def test_pages_by_offset_link_to_their_neighbours(
    ana: Person, bo: Person, cy: Person
) -> None:
    answer = await ana.ask("GET", "/api/v1/directory?limit=1&offset=1")
    links = re.findall(r'offset=(\d+)>; rel="(\w+)"', answer.headers["Link"])
    assert links == [("2", "next"), ("0", "prev")]
    assert "Link" not in (await ana.ask("GET", "/api/v1/directory")).headers
    past = await ana.ask("GET", "/api/v1/directory?limit=1&offset=99999999999999999999")
    assert (past.json, re.findall(r'rel="(\w+)"', past.headers["Link"])) == ([], ["prev"])
    for wrong in ("limit=0", "limit=-1", "offset=-1", "order=best"):
        assert (await ana.ask("GET", f"/api/v1/directory?{wrong}")).status == 400, wrong


# The directory and suggestions.


@pytest.mark.operation("GET /api/v1/directory")
async def test_the_directory_shows_who_wants_to_be_found(
    node: RunningNode, ana: Person, bo: Person, cy: Person, gina: Person
) -> None:
    await cy.ask("PATCH", UPDATE, data={"discoverable": "false"})
    await bo.ask("PATCH", UPDATE, data={"display_name": "Aaron"})
    by_name = check(list[Account], await ana.get("/api/v1/directory", order="active"))
    assert accts(by_name) == ["bo", "ana", "gina", "tertulia"]
    newest = await ana.get("/api/v1/directory", order="new", local="true", limit="2")
    assert accts(newest) == ["gina", "bo"]
    # G01: a guest finds herself and the helper, a stranger the helper alone.
    for order in ("", "active", "new"):
        assert sorted(accts(await gina.get("/api/v1/directory", order=order))) == [
            "gina",
            "tertulia",
        ]
        strangers = await node.ask("GET", f"/api/v1/directory?order={order}")
        assert accts(strangers.json) == ["tertulia"]
    await ana.post(f"/api/v1/accounts/{bo.id}/mute")
    assert "bo" not in accts(await ana.get("/api/v1/directory"))


async def club_of(node: RunningNode, *people: Person) -> None:
    def make(tx: Any) -> None:
        club = add_community(tx, "club", name="Safe lifting")
        for person in people:
            add_membership(tx, club, person.id)

    await node.db.write(make)


@pytest.mark.operation(
    "GET /api/v2/suggestions", "GET /api/v1/suggestions", "DELETE /api/v1/suggestions/:id"
)
async def test_people_are_suggested_with_a_reason(
    node: RunningNode, ana: Person, bo: Person, cy: Person, gina: Person
) -> None:
    dan = await node.person("dan")
    await club_of(node, ana, dan, gina)
    assert "cy" in accts(await ana.get("/api/v2/suggestions")), "a colleague"
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    await bo.post(f"/api/v1/accounts/{cy.id}/follow")
    found = check(list[Suggestion], await ana.get("/api/v2/suggestions"))
    by = {one["account"]["acct"]: one for one in found}
    assert accts(found)[0] == "cy", "ties first"
    assert by["cy"]["sources"] == ["friends_of_friends"]
    assert by["cy"]["source"] == "past_interactions"
    assert "follow" in by["cy"]["tertulia"]["reason"]
    assert by["dan"]["tertulia"]["reason"] == "With you in Safe lifting"
    assert not {"ana", "bo", "tertulia", "node", "club"} & by.keys()
    assert accts(await ana.get("/api/v1/suggestions", limit="1")) == ["cy"]
    # Waved off by one client, gone in another; and a mute, a block or a request end it, too.
    assert await ana.delete(f"/api/v1/suggestions/{cy.id}") == {}
    assert "cy" not in accts(await ana.get("/api/v2/suggestions"))
    assert (await ana.ask("DELETE", "/api/v1/suggestions/4711")).status == 404
    await ana.post(f"/api/v1/accounts/{dan.id}/mute")
    assert "dan" not in accts(await ana.get("/api/v2/suggestions"))
    # A guest meets whom her communities hold, and nobody else.
    assert sorted(accts(await gina.get("/api/v2/suggestions"))) == ["ana", "dan"]
    assert (await gina.ask("DELETE", f"/api/v1/suggestions/{cy.id}")).status == 404


@pytest.mark.operation("GET /api/v1/accounts/familiar_followers")
async def test_familiar_followers_are_whom_one_follows(
    node: RunningNode, ana: Person, bo: Person, cy: Person, gina: Person
) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    await bo.post(f"/api/v1/accounts/{cy.id}/follow")
    path = "/api/v1/accounts/familiar_followers"
    ids = [("id[]", str(cy.id)), ("id[]", "4711"), ("id[]", str(bo.id))]
    found = check(list[FamiliarFollowers], (await ana.ask("GET", path, params=ids)).json)
    assert [(one["id"], accts(one["accounts"])) for one in found] == [
        (str(cy.id), ["bo"]),
        (str(bo.id), []),
    ]
    assert (await gina.ask("GET", path, params=ids)).json == []
    assert await ana.get(path) == []
    await bo.post(f"/api/v1/accounts/{cy.id}/unfollow")
    assert (await ana.get(path, id=str(cy.id)))[0]["accounts"] == []


# What stands on somebody's own page.


@pytest.mark.operation(
    "GET /api/v1/featured_tags",
    "POST /api/v1/featured_tags",
    "DELETE /api/v1/featured_tags/:id",
    "GET /api/v1/featured_tags/suggestions",
    "GET /api/v1/accounts/:id/featured_tags",
    "POST /api/v1/tags/:id/feature",
    "POST /api/v1/tags/:id/unfeature",
)
async def test_featured_tags_are_seen_by_others(
    node: RunningNode, ana: Person, bo: Person, gina: Person
) -> None:
    await ana.say("About #Lifting")
    await ana.say("More #lifting and #ropes")
    suggested = check(list[Tag], await ana.get("/api/v1/featured_tags/suggestions"))
    assert [tag["name"] for tag in suggested] == ["lifting", "ropes"]
    made = check(FeaturedTag, await ana.post("/api/v1/featured_tags", name="#Lifting"))
    assert (made["name"], made["statuses_count"]) == ("Lifting", "2")
    again = await ana.post("/api/v1/featured_tags", name="lifting")
    assert again["id"] == made["id"]
    path = f"/api/v1/accounts/{ana.id}/featured_tags"
    seen = check(list[FeaturedTag], await bo.get(path))
    # Nobody else learns how much somebody writes (protocol §8).
    assert [(tag["name"], tag["statuses_count"], tag["last_status_at"]) for tag in seen] == [
        ("Lifting", "0", None)
    ]
    left = await (await ana.second_app()).get("/api/v1/featured_tags/suggestions")
    assert [tag["name"] for tag in left] == ["ropes"]
    for outsider in ({}, {"Authorization": f"Bearer {gina.token}"}):
        assert (await node.ask("GET", path, headers=outsider)).status == 404
    # By name, as newer apps do.
    assert check(Tag, await ana.post("/api/v1/tags/ropes/feature"))["featuring"]
    assert [tag["name"] for tag in await bo.get(path)] == ["Lifting", "ropes"]
    assert not (await ana.post("/api/v1/tags/ropes/unfeature"))["featuring"]
    assert (await bo.ask("DELETE", f"/api/v1/featured_tags/{made['id']}")).status == 404
    assert await ana.delete(f"/api/v1/featured_tags/{made['id']}") == {}
    assert await bo.get(path) == await ana.get("/api/v1/featured_tags") == []


async def test_what_is_no_tag_and_one_too_many_is_refused(ana: Person) -> None:
    for name in ("", "two words", "1234", "a" * 200, "#", "<b>"):
        answer = await ana.ask("POST", "/api/v1/featured_tags", json={"name": name})
        assert answer.status == 422, name
    assert (await ana.ask("POST", "/api/v1/featured_tags")).status == 400
    for number in range(10):
        await ana.post("/api/v1/featured_tags", name=f"tag{number}")
    answer = await ana.ask("POST", "/api/v1/tags/eleventh/feature")
    assert (answer.status, "10 tags" in answer.json["error"]) == (422, True)


@pytest.mark.operation(
    "POST /api/v1/accounts/:id/endorse",
    "POST /api/v1/accounts/:id/unendorse",
    "POST /api/v1/accounts/:id/pin",
    "POST /api/v1/accounts/:id/unpin",
    "GET /api/v1/endorsements",
    "GET /api/v1/accounts/:id/endorsements",
)
async def test_endorsements_are_seen_while_the_follow_stands(
    ana: Person, bo: Person, cy: Person, gina: Person
) -> None:
    one, theirs = f"/api/v1/accounts/{bo.id}", f"/api/v1/accounts/{ana.id}/endorsements"
    refused = await ana.ask("POST", f"{one}/endorse")
    assert (refused.status, "Follow" in refused.json["error"]) == (422, True)
    await ana.post(f"{one}/follow")
    assert check(Relation, await ana.post(f"{one}/endorse"))["endorsed"]
    assert accts(check(list[Account], await cy.get(theirs))) == ["bo"]
    assert accts(await ana.get("/api/v1/endorsements")) == ["bo"]
    assert (await gina.ask("GET", theirs)).status == 404
    assert not (await ana.post(f"{one}/unendorse"))["endorsed"]
    assert await cy.get(theirs) == []
    assert (await ana.post(f"{one}/pin"))["endorsed"], "the former name"
    assert not (await ana.post(f"{one}/unpin"))["endorsed"]
    await ana.post(f"{one}/endorse")
    await ana.post(f"{one}/unfollow")
    assert await cy.get(theirs) == []
    await ana.post(f"{one}/follow")
    assert await cy.get(theirs) == [], "it ended with the follow"
    assert (await gina.ask("POST", f"{one}/endorse")).status == 404
    assert (await ana.ask("POST", "/api/v1/accounts/4711/endorse")).status == 404


async def test_who_is_gone_is_on_nobodys_page(node: RunningNode, ana: Person, bo: Person) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    await ana.post(f"/api/v1/accounts/{bo.id}/endorse")
    await node.person("ada", Role.ADMIN)
    await node.db.write(leave_for_good, node=node.node, account_id=bo.id)
    assert await ana.get("/api/v1/endorsements") == []
    await remove_the_rest(node.parts.fetcher, bo.id)
    assert await node.db.read(endorsements.count, ana.id) == 0


async def test_a_tag_is_featured_with_or_without_its_sign(ana: Person) -> None:
    for on, featured in (("feature", True), ("unfeature", False)):
        answer = check(Tag, await ana.post(f"/api/v1/tags/%23hello/{on}"))
        assert (answer["name"], answer["featuring"]) == ("hello", featured)
        assert (await ana.get("/api/v1/tags/hello"))["featuring"] is featured


async def test_a_community_for_everyone_here_is_in_the_directory(
    node: RunningNode, ana: Person, bo: Person, gina: Person
) -> None:
    cy = await node.person("cy")
    await found_club(bo, cy, handle="newcomers", preset=Preset.HERE)
    assert "newcomers" in accts(await ana.get("/api/v1/directory"))
    assert "newcomers" in accts(await ana.get("/api/v2/suggestions"))
    # G01: it is there for colleagues.
    for path in ("/api/v1/directory", "/api/v2/suggestions"):
        assert "newcomers" not in accts(await gina.get(path))
    assert "newcomers" not in accts((await node.ask("GET", "/api/v1/directory")).json)
