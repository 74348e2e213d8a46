"""Lists that people make: what is changed through one client is seen through another."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from server.wiring import Role as ProcessRole
from storage.tx import Tx
from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node
from tests.web.gathering import found_club
from tests.web.test_streaming import frame, quiet, socket

LISTS = "/api/v1/lists"


@pytest.fixture
async def cy(node: RunningNode) -> Person:
    """Whom Ana does not follow."""
    return await node.person("cy")


async def follow(person: Person, *others: Person) -> None:
    for other in others:
        await person.post(f"/api/v1/accounts/{other.id}/follow")


async def made(person: Person, *members: Person, **more: Any) -> str:
    """A list with these members; the path of its timeline."""
    one = await person.post(LISTS, title="Team", **more)
    ids = [str(member.id) for member in members]
    assert await person.post(f"{LISTS}/{one['id']}/accounts", account_ids=ids) == {}
    return f"/api/v1/timelines/list/{one['id']}"


async def ids(person: Person, path: str, **params: str) -> list[str]:
    return [status["id"] for status in await person.get(path, **params)]


@pytest.mark.operation(
    "POST /api/v1/lists",
    "GET /api/v1/lists",
    "GET /api/v1/lists/:id",
    "PUT /api/v1/lists/:id",
    "DELETE /api/v1/lists/:id",
)
async def test_lists_are_made_changed_and_deleted(ana: Person, bo: Person) -> None:
    other_app = await ana.second_app()
    one = await ana.post(LISTS, title=" Team ", replies_policy="followed", exclusive="true")
    assert one == {
        "id": one["id"],
        "title": "Team",
        "replies_policy": "followed",
        "exclusive": True,
    }
    assert await other_app.get(LISTS) == [one]
    path = f"{LISTS}/{one['id']}"
    renamed = await ana.put(path, title="Crew")
    assert renamed == {**one, "title": "Crew"}
    assert await ana.put(path, replies_policy="none", exclusive=False) == {
        **renamed,
        "replies_policy": "none",
        "exclusive": False,
    }
    assert await other_app.get(path) == {**renamed, "replies_policy": "none", "exclusive": False}
    assert await other_app.delete(path) == {}
    assert await ana.get(LISTS) == []
    assert (await ana.ask("GET", path)).status == 404
    await bo.post(LISTS, title="Bo's")  # and of others' nothing is shown
    assert await ana.get(LISTS) == []


async def test_what_can_be_no_list_is_refused_with_a_reason(ana: Person) -> None:
    for sent, reason in (
        ({}, "Title can't be blank"),
        ({"title": "x" * 256}, "255"),
        ({"title": "x", "replies_policy": "all"}, "followed, list or none"),
    ):
        refused = await ana.ask("POST", LISTS, json=sent)
        assert (refused.status, reason in refused.json["error"]) == (422, True)
    path = f"{LISTS}/{(await ana.post(LISTS, title='Team'))['id']}"
    assert (await ana.ask("PUT", path, json={"title": " "})).status == 422
    for _ in range(49):
        await ana.post(LISTS, title="More")
    full = await ana.ask("POST", LISTS, json={"title": "Too many"})
    assert (full.status, "50 lists" in full.json["error"]) == (422, True)


@pytest.mark.operation(
    "POST /api/v1/lists/:id/accounts",
    "GET /api/v1/lists/:id/accounts",
    "DELETE /api/v1/lists/:id/accounts",
    "GET /api/v1/accounts/:id/lists",
)
async def test_people_come_onto_a_list_and_leave_it(
    node: RunningNode, ana: Person, bo: Person, cy: Person
) -> None:
    await follow(ana, bo)
    other_app = await ana.second_app()
    path = f"{LISTS}/{(await made(ana, bo, ana)).rpartition('/')[2]}"
    refused = await ana.ask("POST", f"{path}/accounts", json={"account_ids": [str(cy.id)]})
    assert (refused.status, "whom you follow" in refused.json["error"]) == (422, True)
    names = [one["username"] for one in await other_app.get(f"{path}/accounts", limit="0")]
    assert sorted(names) == ["ana", "bo"]
    first = await ana.ask("GET", f"{path}/accounts?limit=1")
    assert (len(first.json), 'rel="next"' in first.headers["Link"]) == (1, True)
    on = await other_app.get(f"/api/v1/accounts/{bo.id}/lists")
    assert [one["id"] for one in on] == [path[14:]]
    assert await ana.get(f"/api/v1/accounts/{cy.id}/lists") == []
    assert await bo.get(f"/api/v1/accounts/{ana.id}/lists") == []  # nobody learns of being on one
    # Tusky sends DELETE with a form.
    gone = await ana.ask("DELETE", f"{path}/accounts", data={"account_ids[]": str(ana.id)})
    assert gone.status == 200
    assert [one["username"] for one in await other_app.get(f"{path}/accounts")] == ["bo"]
    # Somebody who asks to follow may be on it as well; whoever is not followed any more is not.
    await cy.ask("PATCH", "/api/v1/accounts/update_credentials", json={"locked": True})
    await follow(ana, cy)
    await ana.post(f"{path}/accounts", account_ids=[str(cy.id), str(bo.id)])
    assert len(await ana.get(f"{path}/accounts")) == 2
    await ana.post(f"/api/v1/accounts/{bo.id}/unfollow")
    assert [one["username"] for one in await ana.get(f"{path}/accounts")] == ["cy"]


@pytest.mark.parametrize("path", ["", "/accounts"], ids=["list", "members"])
async def test_G67_a_list_of_somebody_else_is_not_there(ana: Person, bo: Person, path: str) -> None:
    mine = (await made(ana)).rpartition("/")[2]
    unknown = await bo.ask("GET", f"{LISTS}/12345{path}")
    asked = await bo.ask("GET", f"{LISTS}/{mine}{path}")
    assert (asked.status, asked.body) == (404, unknown.body)
    for method in ("POST", "DELETE", "PUT"):
        sent = {"account_ids": [str(bo.id)], "title": "Mine now"}
        if (method == "POST") == (path == "/accounts") or method == "DELETE":
            assert (await bo.ask(method, f"{LISTS}/{mine}{path}", json=sent)).status == 404
    assert (await bo.ask("GET", f"/api/v1/timelines/list/{mine}")).status == 404
    assert (await ana.ask("GET", f"{LISTS}/{mine}{path}")).status == 200


@pytest.mark.operation("GET /api/v1/timelines/list/:id")
async def test_a_list_shows_what_its_members_write_and_share(
    ana: Person, bo: Person, cy: Person
) -> None:
    await follow(ana, bo, cy)
    there = await made(ana, bo)
    said = await bo.say("On the list")
    await cy.say("Beside it")
    hers = await cy.say("Shared onto it")
    shared = await bo.post(f"/api/v1/statuses/{hers['id']}/reblog")
    for text in ("One more", "And another"):
        await bo.say(text)
    whole = await ids(ana, there)
    assert whole[2:] == [shared["id"], said["id"]]
    # Pages go on without a gap, down and up.
    assert await ids(ana, there, limit="2") == whole[:2]
    assert await ids(ana, there, limit="2", max_id=whole[1]) == whole[2:]
    assert await ids(ana, there, limit="2", min_id=whole[3]) == whole[1:3]
    # A right or a wish that ends, ends here: no row is written for a list.
    await ana.post(f"/api/v1/accounts/{bo.id}/follow", reblogs=False)
    assert await ids(ana, there) == [one for one in whole if one != shared["id"]]
    await ana.post(f"/api/v1/accounts/{bo.id}/mute")
    assert await ids(ana, there) == []
    await ana.post(f"/api/v1/accounts/{bo.id}/unmute")
    await bo.post(f"/api/v1/accounts/{ana.id}/block")
    assert await ids(ana, there) == []


async def test_G11_a_list_shows_nothing_that_its_owner_may_not_read(
    ana: Person, bo: Person, cy: Person
) -> None:
    await follow(ana, bo)
    await ana.home()
    there = await made(ana, bo)
    await bo.say("@cy for you alone", visibility="direct")
    mine = await bo.say("@ana for you", visibility="direct")
    assert await ids(ana, there) == [mine["id"]]


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("none", ["thread", "mine"]),
        ("list", ["thread", "mine", "member"]),
        ("followed", ["thread", "mine", "member", "followed"]),
    ],
    ids=["none", "list", "followed"],
)
async def test_a_list_shows_answers_by_its_policy(
    ana: Person, bo: Person, cy: Person, node: RunningNode, policy: str, shown: list[str]
) -> None:
    dan, eve = await node.person("dan"), await node.person("eve")
    await follow(ana, bo, cy, dan)
    there = await made(ana, bo, cy, replies_policy=policy)
    first = await bo.say("First")
    asked = {"mine": ana, "member": cy, "followed": dan, "stranger": eve}
    answers = {"thread": (await bo.say("Next", in_reply_to_id=first["id"]))["id"]}
    for name, person in asked.items():
        post = await person.say(f"By {person.handle}")
        answers[name] = (await bo.say("An answer", in_reply_to_id=post["id"]))["id"]
    found = set(await ids(ana, there))
    assert {name for name, post in answers.items() if post in found} == set(shown)


async def test_an_exclusive_list_keeps_its_members_from_home(
    ana: Person, bo: Person, cy: Person
) -> None:
    await follow(ana, bo, cy)
    await ana.home()
    there = await made(ana, bo, exclusive=True)
    apart, home = await bo.say("Here alone"), await cy.say("At home")
    own = await ana.say("Mine")
    assert await ids(ana, "/api/v1/timelines/home") == [own["id"], home["id"]]
    assert await ids(ana, there) == [apart["id"]]
    async with socket(ana, {"stream": "user"}) as live:
        await bo.say("Quietly")
        await quiet(live)
        heard = await cy.say("Aloud")
        assert orjson.loads((await frame(live))["payload"])["id"] == heard["id"]
    # It is asked when the home is read: with the wish it ends at once, for what was said before.
    await ana.put(f"{LISTS}/{there.rpartition('/')[2]}", exclusive=False)
    assert apart["id"] in await ids(ana, "/api/v1/timelines/home")


async def test_a_community_can_stand_on_a_list(ana: Person, bo: Person, cy: Person) -> None:
    club = await found_club(ana, bo)
    there = await made(bo, await _as_person(bo, club.id))
    said = await ana.say("@club Hello")
    [wrapper] = await bo.get(there)
    assert (wrapper["account"]["acct"], wrapper["reblog"]["id"]) == ("club", said["id"])
    await bo.post(f"/api/v1/accounts/{club.id}/unfollow")  # leaving
    assert await bo.get(there) == []
    assert await bo.get(f"{LISTS}/{there.rpartition('/')[2]}/accounts") == []


async def _as_person(person: Person, account_id: int) -> Person:
    return Person(person.node, account_id, "", "")


@pytest.mark.operation("GET /api/v1/streaming/list")
async def test_a_list_streams_what_it_shows(ana: Person, bo: Person, cy: Person) -> None:
    await follow(ana, bo, cy)
    await follow(cy, bo)
    mine = (await made(ana, bo)).rpartition("/")[2]
    async with (
        socket(ana, {"stream": "list", "list": mine}) as live,
        socket(cy, {"stream": "list", "list": mine}) as foreign,
    ):
        await cy.say("Not on it")
        said = await bo.say("Live")
        found = await frame(live)
        assert (found["stream"], found["event"]) == (["list", mine], "update")
        assert orjson.loads(found["payload"])["id"] == said["id"]
        await bo.put(f"/api/v1/statuses/{said['id']}", status="Changed")
        assert (await frame(live))["event"] == "status.update"
        await bo.delete(f"/api/v1/statuses/{said['id']}")
        gone = await frame(live)
        assert (gone["event"], gone["payload"]) == ("delete", said["id"])
        await quiet(foreign)  # G33: it opens, and tells nothing


async def test_a_list_of_forty_takes_as_many_statements_as_one_of_one(
    new_database_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "hq", role=ProcessRole.WEB) as node:
        ana, bo = await node.person("ana"), await node.person("bo")
        await follow(ana, bo)
        there = await made(ana, bo)
        tag = "/api/v1/timelines/tag/one?any[]=two"
        counted: list[object] = []
        real = Tx._rows

        def rows(self: Tx, fetch: Any, statement: Any, params: Any) -> Any:
            counted.append(statement)
            return real(self, fetch, statement, params)

        async def statements(path: str) -> int:
            counted.clear()
            with monkeypatch.context() as patch:
                patch.setattr(Tx, "_rows", rows)
                await ana.get(path, limit="40")
            return len(counted)

        await bo.say("@ana the first #one")
        one = [await statements(there), await statements(tag)]
        for number in range(20):
            posted = await bo.say(f"@ana number {number} #two")
            if number % 4 == 0:
                await bo.post(f"/api/v1/statuses/{posted['id']}/reblog")
        await bo.say("@ana once more #one")
        forty = [await statements(there), await statements(tag)]
        assert forty[0] == one[0]
        assert forty[1] <= one[1]
