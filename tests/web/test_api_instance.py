"""What this node tells apps before anybody signed in, and when they start."""

from typing import Any

import pytest

from domain.audience import Kind
from domain.node import Federation, Node
from tests.support.nodes import Person, RunningNode
from tests.support.strict import check
from web.mastodon.entities import instance as entities


async def test_instance_v2_is_complete(node: RunningNode, ana: Person) -> None:
    found = check("instance", (await node.ask("GET", "/api/v2/instance")).json)
    assert found["version"] == "4.5.0 (compatible; Tertulia 0.1.0)"
    assert found["api_versions"] == {"mastodon": 7}
    assert found["domain"] == node.host
    assert found["configuration"]["urls"]["streaming"] == node.origin.replace("http", "ws")
    assert found["configuration"]["statuses"]["characters_reserved_per_url"] == 23


async def test_instance_v1_is_complete(node: RunningNode) -> None:
    found = check("instance_v1", (await node.ask("GET", "/api/v1/instance")).json)
    assert found["urls"]["streaming_api"] == node.origin.replace("http", "ws")


async def test_the_description_says_in_two_lines_who_reads_what(node: RunningNode) -> None:
    found = (await node.ask("GET", "/api/v2/instance")).json["description"]
    first, second = found.splitlines()
    assert "read by members here and at our sister nodes, and by nobody else" in first
    assert "Followers-only posts are read by those you let follow you" in second
    longer = (await node.ask("GET", "/api/v1/instance/extended_description")).json
    assert longer["content"].count("<p>") == 2


@pytest.mark.parametrize("kind", [Kind.PUBLIC, Kind.NETWORK, Kind.NODE])
def test_every_meaning_of_public_has_its_own_sentence(kind: Kind) -> None:
    node = Node("https://a.example", "a.example", public_means=kind, federation=Federation.OPEN)
    others = {text for other, text in entities.WHO_READS.items() if other is not kind}
    assert entities.description(node).splitlines()[0] not in others


async def test_G39_figures_and_peers_tell_nothing(node: RunningNode, ana: Person) -> None:
    async def outside() -> list[Any]:
        paths = ("v1/instance", "v2/instance", "v1/instance/activity", "v1/instance/peers")
        return [(await node.ask("GET", f"/api/{path}")).json for path in paths]

    before = await outside()
    for number in range(3):
        await ana.say(f"Something {number}")
    assert await outside() == before
    weeks = before[2]
    assert len(weeks) == 12
    assert {week[name] for week in weeks for name in ("statuses", "logins", "registrations")} == {
        "0"
    }
    assert before[3] == []


EMPTY_LISTS = [
    *("v1/custom_emojis", "v1/announcements", "v1/filters", "v2/filters", "v1/lists"),
    *("v1/followed_tags", "v1/bookmarks", "v1/favourites", "v1/blocks", "v1/mutes"),
    *("v1/domain_blocks", "v1/conversations", "v1/trends/tags", "v1/trends/statuses"),
    *("v1/trends/links", "v1/suggestions", "v2/suggestions", "v1/scheduled_statuses"),
    *("v1/featured_tags", "v1/endorsements", "v1/notifications", "v1/follow_requests"),
    *("v1/instance/rules", "v1/instance/domain_blocks", "v1/notifications/requests"),
]


@pytest.mark.parametrize("path", EMPTY_LISTS)
async def test_lists_that_clients_ask_for_are_honestly_empty(ana: Person, path: str) -> None:
    answer = await ana.ask("GET", f"/api/{path}")
    assert (answer.status, answer.body) == (200, b"[]")
    assert "Link" not in answer.headers


async def test_what_else_clients_ask_when_they_start(ana: Person) -> None:
    check("preferences", await ana.get("/api/v1/preferences"))
    assert await ana.get("/api/v1/markers", **{"timeline[]": "home"}) == {}
    assert await ana.post("/api/v1/markers", home={"last_read_id": "1"}) == {}
    assert (await ana.ask("GET", "/api/v1/push/subscription")).status == 404
    policy = await ana.get("/api/v2/notifications/policy")
    assert policy["for_not_following"] == "accept"
    assert (await ana.ask("PUT", "/api/v2/notifications/policy", json={})).json == policy
    assert (await ana.ask("PATCH", "/api/v2/notifications/policy", json={})).json == policy
    check("tag", await ana.get("/api/v1/tags/Lernen"))


async def test_health_answers(node: RunningNode) -> None:
    assert (await node.ask("GET", "/health")).text == "OK"
    assert (await node.ask("GET", "/api/v1/streaming/health")).text == "OK"
