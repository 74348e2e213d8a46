"""Direct posts as conversations: what one says, the other finds; and who else does not."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from server.wiring import Role as ProcessRole
from storage.tx import Tx
from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node, until
from tests.web.gathering import found_club
from tests.web.test_streaming import frame, quiet, socket

ALL = "/api/v1/conversations"
DIRECT = "/api/v1/timelines/direct"


@pytest.fixture
async def cy(node: RunningNode) -> Person:
    """A third."""
    return await node.person("cy")


async def write(person: Person, text: str, **more: Any) -> Any:
    return await person.say(text, visibility="direct", **more)


async def seen(person: Person) -> list[tuple[set[str], str, bool]]:
    """(with whom, the last post, unread), a conversation each."""
    return [
        ({one["username"] for one in each["accounts"]}, each["last_status"]["id"], each["unread"])
        for each in await person.get(ALL)
    ]


@pytest.mark.operation(
    "GET /api/v1/conversations",
    "POST /api/v1/conversations/:id/read",
    "DELETE /api/v1/conversations/:id",
)
async def test_a_conversation_goes_back_and_forth(ana: Person, bo: Person) -> None:
    asked = await write(ana, "@bo How are you?")
    assert await seen(ana) == [({"bo"}, asked["id"], False)]
    assert await seen(bo) == [({"ana"}, asked["id"], True)]
    answer = await write(bo, "@ana Well", in_reply_to_id=asked["id"])
    assert await seen(ana) == [({"bo"}, answer["id"], True)]
    assert await seen(bo) == [({"ana"}, answer["id"], False)]
    other_app = await ana.second_app()
    [mine] = await ana.get(ALL)
    assert mine["id"] not in {asked["id"], answer["id"]}
    read = await ana.post(f"{ALL}/{mine['id']}/read")
    assert (read["id"], read["unread"]) == (mine["id"], False)
    assert await other_app.get(ALL) == [read]
    # Off the list, and not gone: the next word begins another one.
    assert await ana.delete(f"{ALL}/{mine['id']}") == {}
    assert await seen(other_app) == []
    assert await seen(bo) == [({"ana"}, answer["id"], False)]
    assert [post["id"] for post in await ana.get(DIRECT)] == [answer["id"], asked["id"]]
    more = await write(bo, "@ana Still there?", in_reply_to_id=answer["id"])
    assert await seen(ana) == [({"bo"}, more["id"], True)]
    assert (await ana.get(ALL))[0]["id"] != mine["id"]


async def test_another_circle_and_another_thread_are_other_conversations(
    ana: Person, bo: Person, cy: Person
) -> None:
    first = await write(ana, "@bo @cy All of us")
    apart = await write(bo, "@ana Us two", in_reply_to_id=first["id"])
    other = await write(ana, "@bo Something else")
    alone = await write(ana, "A note to myself")
    assert await seen(ana) == [
        ({"ana"}, alone["id"], False),
        ({"bo"}, other["id"], False),
        ({"bo"}, apart["id"], True),
        ({"bo", "cy"}, first["id"], False),
    ]
    page = await ana.ask("GET", f"{ALL}?limit=2")
    assert [each["last_status"]["id"] for each in page.json] == [alone["id"], other["id"]]
    older = page.headers["Link"].split("max_id=")[1].split(">")[0]
    rest = await ana.get(ALL, max_id=older)
    assert [each["last_status"]["id"] for each in rest] == [apart["id"], first["id"]]
    assert await seen(cy) == [({"ana", "bo"}, first["id"], True)]


async def test_a_deleted_post_makes_room_for_the_one_before(ana: Person, bo: Person) -> None:
    first = await write(ana, "@bo First")
    second = await write(ana, "@bo Second", in_reply_to_id=first["id"])
    await ana.delete(f"/api/v1/statuses/{second['id']}")
    assert [last for _, last, _ in await seen(bo)] == [first["id"]]
    await ana.delete(f"/api/v1/statuses/{first['id']}")
    assert await bo.get(ALL) == []
    assert await bo.get(DIRECT) == []


async def test_G20_nobody_else_finds_a_conversation(ana: Person, bo: Person, cy: Person) -> None:
    await write(ana, "@bo Between us")
    await ana.say("@bo For everybody")
    [mine] = await bo.get(ALL)
    assert await cy.get(ALL) == []
    assert await cy.get(DIRECT) == []
    for path, method in ((f"{ALL}/{mine['id']}/read", "POST"), (f"{ALL}/{mine['id']}", "DELETE")):
        assert (await cy.ask(method, path)).status == 404
        assert (await cy.ask(method, path.replace(mine["id"], "123"))).status == 404
    assert await bo.get(ALL) == [mine]


async def test_P11_words_of_whom_one_does_not_want_to_hear_are_no_conversation(
    ana: Person, bo: Person, cy: Person
) -> None:
    said = await write(cy, "@ana @bo All of us")
    more = await write(bo, "@ana @cy And me", in_reply_to_id=said["id"])
    await ana.post(f"/api/v1/accounts/{bo.id}/mute")
    assert await seen(ana) == [({"bo", "cy"}, said["id"], True)]
    assert [post["id"] for post in await ana.get(DIRECT)] == [said["id"]]
    await write(bo, "@ana Only you")
    assert len(await seen(ana)) == 1
    await ana.post(f"/api/v1/accounts/{cy.id}/block")
    assert await seen(ana) == []
    await ana.post(f"/api/v1/accounts/{bo.id}/unmute")
    assert [last for _, last, _ in await seen(ana)] == [more["id"]]


async def test_G03_a_conversation_ends_with_the_right_to_read_its_thread(
    ana: Person, bo: Person
) -> None:
    club = await found_club(ana, bo)
    said = await ana.say("@club Hello")
    aside = await write(ana, "@bo Aside", in_reply_to_id=said["id"])
    assert ({"ana"}, aside["id"], True) in await seen(bo)
    assert aside["id"] in [post["id"] for post in await bo.get(DIRECT)]
    await club.end(bo)
    assert {"ana"} not in [people for people, _, _ in await seen(bo)]
    assert aside["id"] not in [post["id"] for post in await bo.get(DIRECT)]


@pytest.mark.operation("GET /api/v1/timelines/direct")
async def test_direct_posts_are_a_timeline_too(ana: Person, bo: Person, gina: Person) -> None:
    first = await write(ana, "@bo One")
    await ana.say("@bo For everybody")
    second = await write(bo, "@ana Two")
    page = await ana.ask("GET", f"{DIRECT}?limit=1")
    assert [post["id"] for post in page.json] == [second["id"]]
    assert [post["id"] for post in await ana.get(DIRECT, max_id=second["id"])] == [first["id"]]
    assert await gina.get(DIRECT) == []


@pytest.mark.operation("GET /api/v1/streaming/direct")
async def test_a_conversation_is_heard_of_live(ana: Person, bo: Person, cy: Person) -> None:
    async with (
        socket(bo, {"stream": "direct"}) as live,
        socket(cy, {"stream": "direct"}) as foreign,
    ):
        said = await write(ana, "@bo Live")
        found = await frame(live)
        assert (found["stream"], found["event"]) == (["direct"], "conversation")
        heard = orjson.loads(found["payload"])
        assert (heard["unread"], heard["last_status"]["id"]) == (True, said["id"])
        assert [one["username"] for one in heard["accounts"]] == ["ana"]
        await quiet(foreign)


async def test_the_helper_s_words_are_a_conversation(ana: Person) -> None:
    await write(ana, "@tertulia help")

    async def answered() -> bool:
        return any(unread for _, _, unread in await seen(ana))

    await until(answered)
    await write(ana, "@tertulia help")  # another thread, and the same conversation
    assert [people for people, _, _ in await seen(ana)] == [{"tertulia"}]


async def test_twenty_conversations_take_as_many_statements_as_one(
    new_database_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "hq", role=ProcessRole.WEB) as node:
        ana, bo, cy = [await node.person(name) for name in ("ana", "bo", "cy")]
        counted: list[object] = []
        real = Tx._rows

        def rows(self: Tx, fetch: Any, statement: Any, params: Any) -> Any:
            counted.append(statement)
            return real(self, fetch, statement, params)

        async def statements() -> tuple[int, int]:
            counted.clear()
            with monkeypatch.context() as patch:
                patch.setattr(Tx, "_rows", rows)
                found = await ana.get(ALL)
            return len(found), len(counted)

        await write(bo, "@ana #one")
        one = await statements()
        for number in range(9):
            await write(bo, f"@ana #number{number}")
            await write(cy, f"@ana @bo number {number}")
        assert await statements() == (19, one[1])
