"""Polls in a community over three organisations and plain servers: the community counts (§5)."""

from typing import Any

import orjson
import pytest
from sqlalchemy import select

from storage.queries import posts
from storage.tables.polls import votes
from storage.tables.traffic import activities
from storage.tx import Tx
from tests.support.mastodon import Status
from tests.support.nodes import Json, Nodes, RunningNode, until
from tests.together.lifting import Lifting, lifting
from tests.together.polling import POLL, counted, end_now, poll_of, tell_now, vote
from tests.together.stories import told

_BODIES = select(activities.c.body)
_VOTES = select(votes.c.actor_id)


def _posts(tx: Tx, uri: str) -> str | None:
    row = posts.by_uri(tx, uri)
    return None if row is None else str(row.id)


async def _sent(node: RunningNode) -> list[dict[str, Any]]:
    rows = await node.db.read(lambda tx: [row[0] for row in tx.all(_BODIES)])
    return [orjson.loads(body) for body in rows]


async def _voters(node: RunningNode) -> int:
    return len(await node.db.read(lambda tx: tx.all(_VOTES)))


def _copy(story: Lifting, number: int, words: str) -> Status:
    server, person = story.servers[number]
    found = [one for one in server.home_of(person) if words in one.content]
    found += [one for one in server.notices_of(person) if words in one.content]
    return server.statuses[found[-1].id]


async def _copy_says(story: Lifting, number: int, words: str, *figures: int) -> None:
    """Wait until the copy of a member on a plain server shows these figures."""

    async def so() -> bool:
        document = _copy(story, number, words).document
        options = document.get("oneOf") or document["anyOf"]
        return [one["replies"]["totalItems"] for one in options] == list(figures)

    await until(so)


async def _everywhere(story: Lifting, seen: dict[str, Json], *figures: int) -> None:
    for handle, status in seen.items():
        await counted(story[handle], status, *figures)


@pytest.mark.interop("Create{Note} as a vote", "out", "to the community alone", peer="our nodes")
@pytest.mark.interop(
    "Announce{Update{Question}}", "out", "the community's one tally", peer="our nodes"
)
@pytest.mark.interop(
    "Create{Question}", "out", "as a relay note; votes come back", peer="scripted Mastodon"
)
@pytest.mark.interop(
    "Create{Question}", "out", "as a relay note; votes come back", peer="scripted GoToSocial"
)
async def test_one_tally_for_all_members_wherever_they_live(nodes: Nodes) -> None:
    async with lifting(nodes) as story:
        await story.everybody()
        # Cy of firm asks, so that neither the author nor a voter lives where it is counted.
        made = await story.say("cy", "which day?", poll=POLL | {"multiple": True})
        seen = {"cy": made}
        for handle in ("ana", "bo", "nia"):
            seen[handle] = await story.reads(handle, "which day?")
        for number in (0, 1):
            server, person = story.servers[number]
            await until(lambda s=server, p=person: _sees(s, p, "which day?"))  # type: ignore[misc]
            assert _copy(story, number, "which day?").document["type"] == "Question"
        await vote(story["bo"], seen["bo"], 0, 2)
        await vote(story["ana"], seen["ana"], 0)
        await vote(story["nia"], seen["nia"], 1)
        await counted(story["ana"], seen["ana"], 2, 1, 1, voters=3)
        await story.mastodon.vote(story.dee, _copy(story, 0, "which day?"), "Ethics")
        await story.gotosocial.vote(story.gil, _copy(story, 1, "which day?"), "Graphs", "Ethics")
        await story.settled()
        await tell_now(story.hq)
        await _everywhere(story, seen, 3, 3, 1)
        assert (await poll_of(story["cy"], made))["voters_count"] == 5
        for number in (0, 1):
            await _copy_says(story, number, "which day?", 3, 3, 1)
        # A choice is known to the community's node and the voter, and to nobody else.
        assert await _voters(story.lab) == 2
        assert await _voters(story.firm) == 0
        for document in await _sent(story.hq):
            assert "#votes/" not in str(document)
        assert (await poll_of(story["bo"], seen["bo"]))["own_votes"] == [0, 2]
        for node, handle in ((story.hq, "ana"), (story.lab, "bo"), (story.firm, "cy")):
            await end_now(node, seen[handle])
        for handle in ("ana", "bo", "cy", "nia"):
            assert (await told(story[handle], "poll"))["status"]["poll"]["expired"]
        await until(lambda: _closed(story))
        late = await story["fay"].ask(
            "POST", f"/api/v1/polls/{seen['bo']['id']}/votes", json={"choices": [0]}
        )
        assert late.status == 404  # Fay does not belong


async def _sees(server: Any, person: Any, words: str) -> bool:
    return bool(server.sees(person, words))


async def _closed(story: Lifting) -> bool:
    return all("closed" in _copy(story, number, "which day?").document for number in (0, 1))


@pytest.mark.interop(
    "Create{Question}", "in", "a member's poll in a community", peer="scripted Mastodon"
)
async def test_a_member_on_a_plain_server_asks(nodes: Nodes) -> None:
    async with lifting(nodes) as story:
        await story.everybody()
        group = story.club.uri
        note = story.mastodon.note(
            story.dee, "<p>who comes?</p>", "direct", group, None, mentions=True
        )
        option = {"type": "Note", "replies": {"type": "Collection", "totalItems": 0}}
        note |= {
            "type": "Question",
            "oneOf": [option | {"name": "I"}, option | {"name": "Not I"}],
            "endTime": "2099-01-01T00:00:00Z",
            "votersCount": 0,
        }
        activity = story.mastodon._activity(story.dee, "Create", note)
        await story.mastodon.spread(story.dee, activity, group)
        seen = {handle: await story.reads(handle, "who comes?") for handle in ("ana", "bo", "cy")}
        await vote(story["bo"], seen["bo"], 1)
        await vote(story["cy"], seen["cy"], 1)
        await story.settled()
        await tell_now(story.hq)
        await _everywhere(story, seen, 0, 2)


@pytest.mark.interop(
    "Reject{Create}", "in", "a vote that was not counted is forgotten", peer="our nodes"
)
async def test_O12_a_late_vote_is_refused_by_the_community_and_taken_back(nodes: Nodes) -> None:
    async with lifting(nodes) as story:
        await story.everybody()
        made = await story.say("ana", "early birds", poll=POLL)
        bos = await story.reads("bo", "early birds")
        await end_now(story.hq, made)
        await vote(story["bo"], bos, 0)

        async def forgotten() -> bool:
            poll = await poll_of(story["bo"], bos)
            return poll["own_votes"] == [] and [o["votes_count"] for o in poll["options"]] == [
                0,
                0,
                0,
            ]

        await until(forgotten)
        await counted(story["ana"], made, 0, 0, 0)


async def test_who_joins_late_reads_the_same_figures(nodes: Nodes) -> None:
    async with lifting(nodes) as story:
        await story.everybody()
        made = await story.say("ana", "before you came", poll=POLL)
        bos = await story.reads("bo", "before you came")
        await vote(story["bo"], bos, 1)
        await counted(story["ana"], made, 0, 1, 0)
        await story.settled()
        await story.let_in(story["max"])
        late = await story.reads("max", "before you came")
        await counted(story["max"], late, 0, 1, 0, voters=1)
