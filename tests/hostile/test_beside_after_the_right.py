"""What stands beside a post is not told either, once the right to read the post has ended (P09)."""

import orjson

from tests.hostile.test_after_the_right_ended import both_away, both_back, two_followers
from tests.support.nodes import Json, Nodes
from tests.support.stranger import Stranger
from tests.together.polling import end_now
from tests.together.stories import settled

POLL = {"options": ["left", "right"], "expires_in": 3600}


def told(server: Stranger, kind: str) -> list[Json]:
    """The objects of what was delivered there."""
    sent = [orjson.loads(seen.body) for seen in server.seen if seen.method == "POST"]
    return [one["object"] for one in sent if one["type"] == kind]


async def test_P09_a_queued_pin_does_not_reach_who_was_removed(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    async with two_followers(node, ana) as (ext, kim, ids):
        post = await ana.say("for followers", visibility="private")
        await settled(node)
        pin = f"/api/v1/statuses/{post['id']}/pin"
        await both_away(node, ext, kim, lambda: ana.post(pin))
        await ana.post(f"/api/v1/accounts/{ids[ext.uri]}/remove_from_followers")
        await both_back(node, ext, kim)
        assert told(kim.server, "Add") == [post["uri"]]
        assert told(ext.server, "Add") == []


async def test_P13_a_queued_pin_of_what_was_deleted_is_not_sent(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    async with two_followers(node, ana) as (ext, kim, _):
        post = await ana.say("regretted", visibility="private")
        await settled(node)
        pin = f"/api/v1/statuses/{post['id']}/pin"
        await both_away(node, ext, kim, lambda: ana.post(pin))
        await ana.delete(f"/api/v1/statuses/{post['id']}")
        await both_back(node, ext, kim)
        for server in (ext.server, kim.server):
            assert told(server, "Add") == []
            assert [one["id"] for one in told(server, "Delete")] == [post["uri"]]


async def test_P09_figures_do_not_reach_who_was_removed(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    async with two_followers(node, ana) as (ext, kim, ids):
        post = await ana.say("which knee?", visibility="private", poll=POLL)
        await settled(node)
        await ana.post(f"/api/v1/accounts/{ids[ext.uri]}/remove_from_followers")
        await end_now(node, post)
        await settled(node)
        assert [one["id"] for one in told(kim.server, "Update")] == [post["uri"]]
        assert told(ext.server, "Update") == []
