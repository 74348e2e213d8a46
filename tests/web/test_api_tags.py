"""Tags: followed by one client, home in another; and their timelines, narrowed."""

from typing import Any

import orjson
import pytest

from domain.kinds import Preset
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import form_with, picture
from tests.web.gathering import found_club
from tests.web.test_streaming import frame, socket

TAGS = "/api/v1/tags"
HOME = "/api/v1/timelines/home"
ROPES = "/api/v1/timelines/tag/ropes"


@pytest.fixture
async def cy(node: RunningNode) -> Person:
    """Somebody whom nobody follows."""
    return await node.person("cy")


async def ids(person: Person, path: str, **params: Any) -> list[str]:
    return [status["id"] for status in await person.get(path, **params)]


@pytest.mark.operation(
    "POST /api/v1/tags/:name/follow",
    "POST /api/v1/tags/:name/unfollow",
    "GET /api/v1/tags/:name",
    "GET /api/v1/followed_tags",
)
async def test_tags_are_followed_and_unfollowed(ana: Person, bo: Person) -> None:
    other_app = await ana.second_app()
    found = await ana.post(f"{TAGS}/Knots/follow")
    assert (found["name"], found["following"]) == ("knots", True)
    assert (await other_app.get(f"{TAGS}/KNOTS"))["following"] is True
    assert (await bo.get(f"{TAGS}/knots"))["following"] is False
    await ana.post(f"{TAGS}/%23ropes/follow")
    await ana.post(f"{TAGS}/knots/follow")  # again: nothing changes
    followed = await other_app.get("/api/v1/followed_tags")
    assert [tag["name"] for tag in followed] == ["ropes", "knots"]
    page = await ana.ask("GET", "/api/v1/followed_tags?limit=1")
    assert (len(page.json), 'rel="next"' in page.headers["Link"]) == (1, True)
    older = page.headers["Link"].split("max_id=")[1].split(">")[0]
    assert [tag["name"] for tag in await ana.get("/api/v1/followed_tags", max_id=older)] == [
        "knots"
    ]
    assert await bo.get("/api/v1/followed_tags") == []
    gone = await ana.post(f"{TAGS}/ropes/unfollow")
    assert gone["following"] is False
    assert (await other_app.get(f"{TAGS}/ropes"))["following"] is False
    assert [tag["name"] for tag in await other_app.get("/api/v1/followed_tags")] == ["knots"]


@pytest.mark.parametrize("name", ["123", "two%20words", "x" * 101, "%23"], ids=str)
async def test_what_can_be_no_tag_is_not_there(ana: Person, name: str) -> None:
    assert (await ana.ask("GET", f"{TAGS}/{name}")).status == 404
    assert (await ana.ask("POST", f"{TAGS}/{name}/follow")).status == 404


async def test_posts_with_a_followed_tag_come_home(ana: Person, cy: Person) -> None:
    before = await cy.say("Old #ropes")
    await ana.home()
    await ana.post(f"{TAGS}/ropes/follow")
    assert await ids(ana, HOME) == [before["id"]]  # at once
    async with socket(ana, {"stream": "user"}) as live:
        said = await cy.say("New #Ropes and #knots")
        assert orjson.loads((await frame(live))["payload"])["id"] == said["id"]
    answer = await cy.say("More #ropes", in_reply_to_id=said["id"])
    await cy.say("Quiet #ropes", visibility="unlisted")
    await cy.say("@ana for you alone #ropes", visibility="direct")
    await cy.say("For followers #ropes", visibility="private")
    await cy.post(f"/api/v1/statuses/{before['id']}/reblog")  # a share is no post with a tag
    assert await ids(ana, HOME) == [answer["id"], said["id"], before["id"]]
    await cy.delete(f"/api/v1/statuses/{answer['id']}")
    # One tag is enough; what no tag brings any more leaves, and the own words stay.
    await ana.post(f"{TAGS}/knots/follow")
    own = await ana.say("Mine #ropes")
    await ana.post(f"{TAGS}/ropes/unfollow")
    assert await ids(ana, HOME) == [own["id"], said["id"]]
    await ana.post(f"/api/v1/accounts/{cy.id}/mute")
    assert await ids(ana, HOME) == [own["id"]]


async def test_a_tag_and_its_author_are_followed_apart(ana: Person, bo: Person) -> None:
    await ana.home()
    await ana.post(f"{TAGS}/ropes/follow")
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    tagged, plain = await bo.say("With #ropes"), await bo.say("Without")
    assert await ids(ana, HOME) == [plain["id"], tagged["id"]]
    await ana.post(f"{TAGS}/ropes/unfollow")
    assert await ids(ana, HOME) == [plain["id"], tagged["id"]]
    await ana.post(f"{TAGS}/ropes/follow")
    await ana.post(f"/api/v1/accounts/{bo.id}/unfollow")
    assert await ids(ana, HOME) == [tagged["id"]]


async def test_what_is_said_in_an_open_community_comes_by_a_tag_as_its_wrapper(
    ana: Person, bo: Person, cy: Person
) -> None:
    await found_club(ana, preset=Preset.HERE)
    await cy.home()
    await cy.post(f"{TAGS}/ropes/follow")
    async with socket(cy, {"stream": "user"}) as live:
        said = await ana.say("@club About #ropes")
        heard = orjson.loads((await frame(live))["payload"])
        assert heard["reblog"]["id"] == said["id"]
    [line] = await cy.get(HOME)
    assert (line["account"]["acct"], line["reblog"]["id"]) == ("club", said["id"])


async def test_G12_by_a_tag_a_guest_finds_no_more_than_by_its_page(
    ana: Person, gina: Person
) -> None:
    await gina.home()
    await gina.post(f"{TAGS}/ropes/follow")
    await ana.say("For the network #ropes")
    assert await gina.get(HOME) == []
    never = await gina.get(f"{TAGS}/neverused")
    used = await gina.get(f"{TAGS}/ropes")
    assert used["history"] == never["history"]


@pytest.mark.operation("GET /api/v1/timelines/tag/:hashtag")
async def test_a_tag_s_timeline_is_narrowed(ana: Person, bo: Person, gina: Person) -> None:
    alone, both, other = [
        (await bo.say(text))["id"] for text in ("#ropes", "#ropes #knots", "#knots #bread")
    ]
    for wish, found in (
        ({}, [both, alone]),
        ({"any[]": "#Knots"}, [other, both, alone]),
        ({"all[]": "knots"}, [both]),
        ({"none[]": "knots"}, [alone]),
        ({"any[]": "knots", "none[]": "bread"}, [both, alone]),
        ({"any[]": "knots", "all[]": "bread"}, [other]),
        ({"local": "true"}, [both, alone]),
        ({"remote": "true"}, []),
        ({"only_media": "true"}, []),
        ({"any[]": "knots", "limit": "1", "max_id": other}, [both]),
    ):
        assert await ids(ana, ROPES, **wish) == found, wish
        assert await gina.get(ROPES, **wish) == []


@pytest.mark.operation("GET /api/v1/timelines/public")
async def test_timelines_show_files_alone(ana: Person, bo: Person) -> None:
    uploaded = await ana.ask("POST", "/api/v2/media", data=form_with(picture()))
    assert uploaded.status == 200, uploaded.text
    seen = await ana.say("Look #ropes", media_ids=[uploaded.json["id"]])
    plain = await ana.say("Read #ropes")
    public = "/api/v1/timelines/public"
    author = f"/api/v1/accounts/{ana.id}/statuses"
    for path in (public, f"{public}?local=true", ROPES, author):
        assert await ids(bo, path) == [plain["id"], seen["id"]]
        assert await ids(bo, path, only_media="true") == [seen["id"]]
    assert await ids(bo, public, only_media="true", remote="true") == []
