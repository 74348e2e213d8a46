"""Communities in apps that know none: accounts with `group: true`, lists, and their timelines."""

from typing import Any

import orjson
import pytest
from mastodon import Mastodon

from domain.kinds import Acceptance, Preset
from tests.support.nodes import Person, RunningNode
from tests.support.strict import check, check_all
from tests.web.gathering import Club, found_club
from tests.web.test_api_clients import client, run
from tests.web.test_streaming import frame, quiet, settled, socket

LISTS = "/api/v1/lists"


@pytest.fixture
async def club(ana: Person, bo: Person) -> Club:
    """Ana's community; Bo is a member."""
    return await found_club(ana, bo)


@pytest.fixture
async def cy(node: RunningNode) -> Person:
    """A colleague who is no member."""
    return await node.person("cy")


async def words(person: Person, path: str) -> list[str]:
    """(who is named as the sharer: the text), a line each."""
    found = []
    for status in check_all("status", await person.get(path)):
        shown = status["reblog"] or status
        found.append(f"{status['account']['username']}: {shown['content']}")
    return found


async def test_every_community_of_mine_is_a_list(club: Club, ana: Person, bo: Person) -> None:
    other = await found_club(ana, handle="alpha")
    assert [each["id"] for each in await ana.get(LISTS)] == [other.list, club.list]
    [mine] = await bo.get(LISTS)
    assert mine == check("list", mine)
    assert mine == {
        "id": club.list,
        "title": "Safe Lifting",
        "replies_policy": "list",
        "exclusive": False,
    }
    assert await bo.get(f"{LISTS}/{club.list}") == mine
    people = check_all("account", await bo.get(f"{LISTS}/{club.list}/accounts"))
    assert {person["username"] for person in people} == {"ana", "bo"}
    assert len(await bo.get(f"{LISTS}/{club.list}/accounts", limit="0")) == 2
    page = await bo.ask("GET", f"{LISTS}/{club.list}/accounts?limit=1")
    assert (len(page.json), 'rel="next"' in page.headers["Link"]) == (1, True)


async def test_home_and_list_show_the_wrapper_once(club: Club, ana: Person, bo: Person) -> None:
    await ana.home()
    said = await bo.say("@club How do you lift?")
    assert said["visibility"] == "private"
    line = "club: <p>"
    for person in (ana, bo):
        for path in ("/api/v1/timelines/home", club.timeline):
            [status] = check_all("status", await person.get(path))
            assert status["account"]["group"] is True
            assert status["reblog"]["id"] == said["id"]
            assert status["reblog"]["account"]["username"] == "bo"
    answer = await ana.say("With my knees", in_reply_to_id=said["id"])
    assert answer["visibility"] == "private"
    assert len(await words(bo, club.timeline)) == 2
    assert len(await words(bo, "/api/v1/timelines/home")) == 2  # an answer to Bo
    assert len(await words(ana, "/api/v1/timelines/home")) == 1
    assert all(each.startswith(line) for each in await words(bo, club.timeline))


async def test_a_list_pages_like_any_timeline(club: Club, bo: Person) -> None:
    posted = [(await bo.say(f"@club Number {number}"))["id"] for number in range(5)]
    first = await bo.ask("GET", f"{club.timeline}?limit=2")
    assert [status["reblog"]["id"] for status in first.json] == posted[:2:-1]
    assert 'rel="next"' in first.headers["Link"]
    below = first.json[-1]["id"]
    second = await bo.get(club.timeline, max_id=below, limit="2")
    assert [status["reblog"]["id"] for status in second] == posted[2:0:-1]


@pytest.mark.parametrize("path", ["", "/accounts"], ids=["list", "members"])
async def test_G67_whoever_is_no_member_finds_no_list(
    club: Club, bo: Person, cy: Person, gina: Person, path: str
) -> None:
    await bo.say("@club Inside")
    unknown = await cy.ask("GET", f"{LISTS}/g12345{path}")
    assert unknown.status == 404
    for outsider in (cy, gina):
        assert await outsider.get(LISTS) == []
        asked = await outsider.ask("GET", f"{LISTS}/{club.list}{path}")
        assert (asked.status, asked.body) == (404, unknown.body)
        assert (await outsider.ask("GET", club.timeline)).status == 404
    assert (await bo.ask("GET", f"{LISTS}/{club.list}{path}")).status == 200
    await club.end(bo)
    assert (await bo.ask("GET", f"{LISTS}/{club.list}{path}")).status == 404
    assert (await bo.ask("GET", club.timeline)).status == 404
    assert await bo.get(LISTS) == []


@pytest.mark.parametrize("name", ["1", "g", "gx", "g-1", "G1", "g99999999999999999999", "%20g1"])
async def test_only_names_of_communities_are_lists(ana: Person, name: str) -> None:
    assert (await ana.ask("GET", f"{LISTS}/{name}")).status == 404
    assert (await ana.ask("GET", f"/api/v1/timelines/list/{name}")).status == 404


async def test_G67_somebody_s_id_is_no_list(club: Club, ana: Person, bo: Person) -> None:
    assert (await ana.ask("GET", f"{LISTS}/g{bo.id}")).status == 404
    assert (await ana.ask("GET", f"/api/v1/timelines/list/g{bo.id}")).status == 404


async def test_communities_cannot_be_changed_as_lists_and_say_why(
    club: Club, bo: Person, cy: Person
) -> None:
    one = f"{LISTS}/{club.list}"
    for method, path in (
        *(("PUT", one), ("DELETE", one)),
        *(("POST", f"{one}/accounts"), ("DELETE", f"{one}/accounts")),
    ):
        refused = await bo.ask(method, path, json={"title": "X", "account_ids": ["1"]})
        assert refused.status == 403
        assert "community" in refused.json["error"]
        assert (await cy.ask(method, path)).status == 404
    assert [each["title"] for each in await bo.get(LISTS)] == ["Safe Lifting"]


async def test_a_community_is_an_account_with_its_posts(
    club: Club, ana: Person, bo: Person, cy: Person
) -> None:
    said = await ana.say("@club Hello")
    shown = check("account", await bo.get(f"/api/v1/accounts/{club.id}"))
    assert (shown["group"], shown["bot"], shown["locked"]) == (True, False, True)
    assert shown["acct"] == "club"
    page = f"/api/v1/accounts/{club.id}/statuses"
    [wrapper] = check_all("status", await bo.get(page, exclude_replies="true"))
    assert wrapper["reblog"]["id"] == said["id"]
    await bo.say("Yes", in_reply_to_id=said["id"])
    assert len(await bo.get(page, exclude_replies="true")) == 1
    assert len(await bo.get(page)) == 2
    assert await bo.get(page, exclude_reblogs="true") == []
    assert await cy.get(page) == []
    # Words are listed in their place; their author finds them on her own page too.
    hers = f"/api/v1/accounts/{ana.id}/statuses"
    assert await bo.get(hers) == []
    assert [status["id"] for status in await ana.get(hers)] == [said["id"]]


async def test_what_is_said_in_an_open_community_comes_home_once(
    ana: Person, bo: Person, cy: Person
) -> None:
    club = await found_club(ana, bo, preset=Preset.HERE)
    await bo.post(f"/api/v1/accounts/{ana.id}/follow")
    for person in (ana, bo, cy):
        await person.home()
    said = await ana.say("@club For everyone here")
    assert (said["visibility"], said["local_only"]) == ("public", True)
    for person in (ana, bo):
        assert await words(person, "/api/v1/timelines/home") == [f"club: {said['content']}"]
    local = "/api/v1/timelines/public"
    for person in (bo, cy):
        assert await words(person, local) == [f"ana: {said['content']}"]
    assert await cy.home() == []
    assert (await cy.ask("GET", club.timeline)).status == 404
    page = f"/api/v1/accounts/{club.id}/statuses"
    assert await words(cy, page) == [f"club: {said['content']}"]
    shared = await cy.post(f"/api/v1/statuses/{said['id']}/reblog")
    assert shared["reblog"]["reblogs_count"] == 1
    [by] = await bo.get(f"/api/v1/statuses/{said['id']}/reblogged_by")
    assert by["username"] == "cy"
    assert len(await words(bo, club.timeline)) == 1


async def test_a_wrapper_is_no_share(club: Club, ana: Person, bo: Person) -> None:
    said = await ana.say("@club Hello")
    seen = await bo.get(f"/api/v1/statuses/{said['id']}")
    assert (seen["reblogs_count"], seen["reblogged"]) == (0, False)
    assert await bo.get(f"/api/v1/statuses/{said['id']}/reblogged_by") == []
    assert await ana.notifications() == []


async def test_asking_to_join_is_requested_and_joining_is_following(
    club: Club, ana: Person, bo: Person, cy: Person
) -> None:
    async def stands(person: Person) -> tuple[bool, bool]:
        [found] = await person.get("/api/v1/accounts/relationships", **{"id[]": str(club.id)})
        check("relationship", found)
        return found["following"], found["requested"]

    assert await stands(bo) == (True, False)
    assert await stands(cy) == (False, False)
    asked = await cy.post(f"/api/v1/accounts/{club.id}/follow")
    assert (asked["following"], asked["requested"]) == (False, True)
    assert await stands(cy) == (False, True)
    assert await cy.get(LISTS) == []
    await club.add(cy)
    assert await stands(cy) == (True, False)
    assert [each["id"] for each in await cy.get(LISTS)] == [club.list]
    left = await bo.post(f"/api/v1/accounts/{club.id}/unfollow")
    assert (left["following"], left["requested"]) == (False, False)
    assert await bo.get(LISTS) == []
    assert (await bo.ask("GET", club.timeline)).status == 404


async def test_a_guest_has_her_community_and_its_people(
    club: Club, ana: Person, gina: Person, cy: Person
) -> None:
    said = await ana.say("@club Welcome")
    assert (await gina.ask("GET", f"/api/v1/accounts/{club.id}")).status == 404
    await club.add(gina)
    assert check("account", await gina.get(f"/api/v1/accounts/{club.id}"))["group"] is True
    [line] = await gina.get(club.timeline)
    assert line["reblog"]["id"] == said["id"]
    assert [each["id"] for each in await gina.get(LISTS)] == [club.list]
    assert (await gina.ask("GET", f"/api/v1/accounts/{ana.id}")).status == 200
    assert (await gina.ask("GET", f"/api/v1/accounts/{cy.id}")).status == 404


async def test_G30_a_hidden_community_is_there_for_those_whom_it_concerns(
    ana: Person, bo: Person, cy: Person
) -> None:
    hidden = await found_club(ana, bo, handle="quiet", listed=False)
    search = "/api/v1/accounts/search"
    assert (await bo.get(f"/api/v1/accounts/{hidden.id}"))["acct"] == "quiet"
    assert [found["acct"] for found in await bo.get(search, q="quiet")] == ["quiet"]
    assert (await cy.ask("GET", f"/api/v1/accounts/{hidden.id}")).status == 404
    assert (await cy.ask("GET", "/api/v1/accounts/lookup?acct=quiet")).status == 404
    assert (await cy.ask("POST", f"/api/v1/accounts/{hidden.id}/follow")).status == 404
    assert await cy.get(search, q="quiet") == []
    assert await cy.get(f"/api/v1/accounts/{bo.id}/following") == []


async def test_G05_who_belongs_is_known_inside(club: Club, ana: Person, bo: Person) -> None:
    cy = await bo.node.person("cy")
    inside = await bo.get(f"/api/v1/accounts/{club.id}/followers")
    assert {person["username"] for person in inside} == {"ana", "bo"}
    assert await cy.get(f"/api/v1/accounts/{club.id}/followers") == []
    assert await cy.get(f"/api/v1/accounts/{bo.id}/following") == []
    assert [each["acct"] for each in await bo.get(f"/api/v1/accounts/{bo.id}/following")] == [
        "club"
    ]
    assert len(await ana.get(f"/api/v1/accounts/{bo.id}/following")) == 1
    for person in (cy, bo):
        assert (await person.get(f"/api/v1/accounts/{bo.id}"))["following_count"] == 0
    await bo.follow(cy)
    assert (await ana.get(f"/api/v1/accounts/{bo.id}"))["following_count"] == 1


@pytest.mark.parametrize(
    ("acceptance", "standing"),
    [(Acceptance.WAITING, "waiting"), (Acceptance.REFUSED, "refused")],
    ids=["waiting", "refused"],
)
async def test_whoever_waits_for_a_community_is_told_so(
    club: Club, ana: Person, bo: Person, acceptance: Acceptance, standing: str
) -> None:
    said = await bo.say("@club Hello")
    path = f"/api/v1/statuses/{said['id']}"
    assert "tertulia" not in check("status", await bo.get(path))
    await club.hold_back(said, acceptance)
    seen: Any = await bo.get(path)
    assert seen.pop("tertulia") == {
        "standing": standing,
        "community": {"id": str(club.id), "acct": "club", "list": club.list},
    }
    assert check("status", seen)["visibility"] == "private"
    assert (await ana.ask("GET", path)).status == 404


async def test_the_lists_of_somebody_are_the_communities_that_we_share(
    club: Club, ana: Person, bo: Person, cy: Person
) -> None:
    await found_club(ana, handle="alpha")
    hers = f"/api/v1/accounts/{ana.id}/lists"
    assert [each["id"] for each in check_all("list", await bo.get(hers))] == [club.list]
    assert await cy.get(hers) == []
    assert await ana.get(f"/api/v1/accounts/{cy.id}/lists") == []
    await club.end(ana)
    assert await bo.get(hers) == []


async def test_mastodon_py_reads_communities_as_lists(club: Club, bo: Person) -> None:
    await bo.say("@club Hello")

    def story() -> None:
        mine: Mastodon = client(bo)
        [found] = mine.lists()
        assert found.title == "Safe Lifting"
        assert mine.list(found).id == club.list
        [line] = mine.timeline_list(found)
        assert line.account.group
        assert {person.username for person in mine.list_accounts(found)} == {"ana", "bo"}

    await run(story)


async def test_a_list_streams_under_its_own_name(club: Club, ana: Person, bo: Person) -> None:
    wish = {"stream": "list", "list": club.list}
    async with socket(bo, wish) as live:
        said = await ana.say("@club Live")
        found = await frame(live)
        assert (found["stream"], found["event"]) == (["list", club.list], "update")
        status = check("status", orjson.loads(found["payload"]))
        assert (status["account"]["group"], status["reblog"]["id"]) == (True, said["id"])
        await live.send_json({"type": "unsubscribe", **wish})
        await settled(live)
        await ana.say("@club Unheard")
        await quiet(live)


async def test_a_list_is_also_named_in_the_address(club: Club, ana: Person, bo: Person) -> None:
    async with socket(bo, query=f"?stream=list&list={club.list}") as live:
        await ana.say("@club Again")
        assert (await frame(live))["stream"] == ["list", club.list]


async def test_G33_a_foreign_list_opens_and_stays_silent(
    club: Club, ana: Person, cy: Person
) -> None:
    """Refusing it would say that there is such a community."""
    async with socket(cy, {"stream": "list", "list": club.list}) as live:
        await ana.say("@club Inside")
        await quiet(live)


async def test_a_stream_of_no_list_is_refused(ana: Person) -> None:
    async with socket(ana) as live:
        for name in ("", "x1", "g", "gx"):
            await live.send_json({"type": "subscribe", "stream": "list", "list": name})
            assert "error" in orjson.loads((await live.receive(timeout=30)).data)
    answer = await ana.ask("GET", "/api/v1/streaming/list?list=nonsense")
    assert answer.status == 400
