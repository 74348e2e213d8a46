"""An open community beside a closed one, with the same people in both: nothing crosses (O09, O10).

Whoever belongs to both may try it by mistake, and whoever belongs to the open one alone on purpose.
"""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from domain.kinds import Preset
from storage.tables.traffic import activities
from tests.support.nodes import Json, Nodes
from tests.support.stranger import PUBLIC, Document
from tests.together.communities import found
from tests.together.world import World, open_world

SECRET = "a sore back"
POLL = {"options": ["left knee", "right knee"], "expires_in": 3600}
STATUSES = "/api/v1/statuses"
_SENT = select(activities.c.body).order_by(activities.c.id)


class Both:
    """Ana and Bo are in both; `said` is a poll in the closed one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.said: Json

    async def begin(self) -> None:
        world = self.world
        await found(world.hq, world.ana, world.bo, handle="inner", preset=Preset.PARTNERS)
        self.said = await world.ana.say(f"@inner {SECRET}", visibility="private", poll=POLL)
        await world.calm()

    async def announced(self) -> list[Document]:
        rows = await self.world.hq.db.read(lambda tx: tx.all(_SENT))
        documents = [orjson.loads(body) for (body,) in rows]
        said = [one for one in documents if one["type"] == "Announce"]
        return [one for one in said if one["actor"] == self.world.uri]

    async def nothing_crossed(self) -> None:
        """Neither in the open community's Announces nor at anybody who follows it."""
        world = self.world
        await world.calm()
        sent = orjson.dumps(await self.announced()).decode()
        outbox = await world.hq.ask("GET", f"{world.uri}/outbox?page=true", headers=AS2)
        featured = await world.hq.ask("GET", f"{world.uri}/featured", headers=AS2)
        bodies = b"".join(
            one.body
            for server in (world.lemmy.server, world.mastodon.server)
            for one in server.seen
            if one.method == "POST"
        )
        for words in (SECRET, "left knee", self.said["uri"]):
            assert words not in sent
            assert words.encode() not in bodies
            assert words not in outbox.text + featured.text
        assert not any(SECRET in one for one in await world.listed(world.cy))


AS2 = {"Accept": "application/activity+json"}


@pytest.fixture
async def both(nodes: Nodes) -> AsyncIterator[Both]:
    async with open_world(nodes) as world:
        story = Both(world)
        await story.begin()
        yield story


async def test_O09_members_of_both_carry_nothing_over(both: Both) -> None:
    world, said = both.world, both.said
    refused = [
        {"status": f"@safe-lifting @inner {SECRET}"},
        {"status": f"@inner @safe-lifting {SECRET}", "visibility": "private"},
        {"status": "@safe-lifting look", "quoted_status_id": said["id"]},
    ]
    for body in refused:
        answer = await world.ana.ask("POST", STATUSES, json=body)
        assert answer.status in {403, 422}, answer.text
    for visibility in ("public", "private", "direct"):
        await world.bo.say(
            f"@safe-lifting {SECRET} too", in_reply_to_id=said["id"], visibility=visibility
        )
    await world.ana.put(f"{STATUSES}/{said['id']}", status=f"@safe-lifting @inner {SECRET}")
    await world.bo.post(f"/api/v1/polls/{said['id']}/votes", choices=[0])
    await world.bo.put(f"/api/v1/pleroma/statuses/{said['id']}/reactions/🎉")
    assert (await world.bo.ask("POST", f"{STATUSES}/{said['id']}/reblog")).status == 403
    await both.nothing_crossed()


@pytest.mark.parametrize("kind", ["Create", "Like", "EmojiReact", "Announce", "Lock", "Add"])
async def test_O10_O11_who_is_in_the_open_one_alone_pulls_nothing_over(
    both: Both, kind: str
) -> None:
    world, uri = both.world, both.said["uri"]
    server, before = world.lemmy.server, await both.announced()
    addressed: dict[str, Any] = {"to": [PUBLIC], "cc": [world.uri], "audience": world.uri}
    note = server.note(world.lia, content="<p>and?</p>", inReplyTo=uri, quote=uri, **addressed)
    more = {"Add": {"target": f"{world.uri}/featured"}, "EmojiReact": {"content": "🎉"}}
    about = note if kind == "Create" else uri
    activity = server.activity(world.lia, kind, about, **addressed, **more.get(kind, {}))
    for inbox in (f"{world.uri}/inbox", f"{world.hq.origin}/inbox"):
        assert (await server.deliver(world.lia, inbox, activity)).status == 202
    await both.nothing_crossed()
    assert await both.announced() == before
    now = await world.ana.get(f"{STATUSES}/{both.said['id']}")
    assert (now["replies_count"], now["favourites_count"], now["reblogs_count"]) == (0, 0, 0)


async def test_the_open_one_goes_on_meanwhile(both: Both) -> None:
    """The positive twin: the same people, acts and figures where the world reads."""
    world = both.world
    post = await world.ana.say("@safe-lifting Use your knees.")
    await world.calm()
    quoting = await world.bo.say("@safe-lifting so true", quoted_status_id=post["id"])
    await world.lemmy.tell(world.lia, world.uri, "Like", post["uri"])
    await world.calm()
    assert (await world.ana.get(f"{STATUSES}/{post['id']}"))["favourites_count"] == 1
    sent = orjson.dumps(await both.announced()).decode()
    assert all(words in sent for words in ("Use your knees", "so true", quoting["uri"]))
