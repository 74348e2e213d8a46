"""Pinning through the client API: what may stand at the top of a page, and who reads it there."""

import pytest

from domain.kinds import Role
from social.pins import MOST
from tests.support.nodes import Json, Person, RunningNode


async def pinned(reader: Person, author: Person) -> list[str]:
    """The posts that this reader finds at the top of somebody's page."""
    path = f"/api/v1/accounts/{author.id}/statuses"
    return [status["id"] for status in await reader.get(path, pinned="true")]


async def pin(person: Person, post: Json) -> Json:
    return await person.post(f"/api/v1/statuses/{post['id']}/pin")


async def refused(person: Person, post: Json, status: int, verb: str = "pin") -> str:
    answer = await person.ask("POST", f"/api/v1/statuses/{post['id']}/{verb}")
    assert answer.status == status, answer.text
    return str(answer.json["error"])


@pytest.mark.operation("POST /api/v1/statuses/:id/pin", "POST /api/v1/statuses/:id/unpin")
async def test_the_newest_pin_stands_first_and_each_can_be_taken_down(
    ana: Person, bo: Person
) -> None:
    first, second = await ana.say("one"), await ana.say("two")
    assert (await pin(ana, first))["pinned"] is True
    assert (await pin(ana, second))["pinned"] is True
    assert await pinned(bo, ana) == [second["id"], first["id"]]
    assert await pinned(ana, ana) == [second["id"], first["id"]]
    down = await ana.post(f"/api/v1/statuses/{second['id']}/unpin")
    assert down["pinned"] is False
    assert await pinned(bo, ana) == [first["id"]]


async def test_the_flag_is_the_authors_alone(ana: Person, bo: Person) -> None:
    post = await ana.say("one")
    await pin(ana, post)
    assert (await ana.get(f"/api/v1/statuses/{post['id']}"))["pinned"] is True
    assert (await bo.get(f"/api/v1/statuses/{post['id']}"))["pinned"] is False
    path = f"/api/v1/accounts/{ana.id}/statuses"
    assert [status["pinned"] for status in await ana.get(path)] == [True]
    assert [status["pinned"] for status in await bo.get(path)] == [False]


async def test_pinning_twice_and_taking_down_twice_change_nothing(ana: Person) -> None:
    post = await ana.say("one")
    for _ in range(2):
        assert (await pin(ana, post))["pinned"] is True
    assert await pinned(ana, ana) == [post["id"]]
    for _ in range(2):
        assert (await ana.post(f"/api/v1/statuses/{post['id']}/unpin"))["pinned"] is False
    assert await pinned(ana, ana) == []


async def test_only_so_many_are_pinned(ana: Person) -> None:
    posts = [await ana.say(f"number {number}") for number in range(MOST + 1)]
    for post in posts[:MOST]:
        await pin(ana, post)
    assert "Take one down" in await refused(ana, posts[MOST], 422)
    await pin(ana, posts[0])  # again: it stands there
    await ana.delete(f"/api/v1/statuses/{posts[0]['id']}")
    await pin(ana, posts[MOST])
    assert len(await pinned(ana, ana)) == MOST


async def test_what_somebody_else_wrote_is_not_pinned(ana: Person, bo: Person) -> None:
    post = await ana.say("one")
    assert "own posts" in await refused(bo, post, 422)
    await refused(bo, post, 422, "unpin")
    shared = await bo.post(f"/api/v1/statuses/{post['id']}/reblog")
    await refused(bo, shared, 422)
    assert await pinned(bo, bo) == []


async def test_what_cannot_be_read_cannot_be_told_from_nothing(ana: Person, bo: Person) -> None:
    secret = await ana.say("between us", visibility="direct")
    assert await refused(bo, secret, 404) == await refused(bo, {"id": "12345"}, 404)


async def test_what_only_the_named_may_read_is_not_pinned(ana: Person, bo: Person) -> None:
    secret = await ana.say("@bo between us", visibility="direct")
    assert "people named" in await refused(ana, secret, 422)


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
async def test_each_reads_what_the_post_lets_them_read(
    node: RunningNode, ana: Person, bo: Person, gina: Person, visibility: str
) -> None:
    post = await ana.say("one", visibility=visibility)
    await pin(ana, post)
    assert await pinned(ana, ana) == [post["id"]]
    assert await pinned(bo, ana) == ([] if visibility == "private" else [post["id"]])
    path = f"/api/v1/accounts/{ana.id}/statuses?pinned=true"
    assert (await gina.ask("GET", path)).status == 404
    assert (await node.ask("GET", path)).status == 404


async def test_a_token_without_the_scope_pins_nothing(node: RunningNode, ana: Person) -> None:
    reader = await node.person("cy", Role.MEMBER, scopes="read")
    post = await ana.say("one")
    await refused(reader, post, 403)


async def test_the_instance_says_how_many(ana: Person) -> None:
    instance = await ana.get("/api/v2/instance")
    assert instance["configuration"]["accounts"]["max_pinned_statuses"] == MOST
