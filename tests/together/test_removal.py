"""Removal bites at once, on every node (protocol §6, product.md §6 story 7)."""


import pytest
from sqlalchemy import select

from storage.queries import actors, purges
from storage.queries.purges import PurgeRow
from storage.tables.metadata import metadata
from storage.tx import Tx
from tests.support.nodes import Nodes, until
from tests.together.test_passing_on import Meeting

CANARY = "canary7731"

_TABLES = [select(table) for table in metadata.sorted_tables]


def holding(tx: Tx, token: str) -> set[str]:
    """The tables in which some column of some row holds the token."""
    found = set()
    for table, statement in zip(metadata.sorted_tables, _TABLES, strict=True):
        for row in tx.all(statement):
            texts = [bytes(one).decode("latin-1") for one in row if isinstance(one, bytes)]
            if any(
                token in text for text in (*texts, *(one for one in row if isinstance(one, str)))
            ):
                found.add(table.name)
    return found


async def purges_of(meeting: Meeting) -> list[PurgeRow]:
    return await meeting.hq.db.read(purges.of_community, meeting.club.id)


async def acknowledged(meeting: Meeting, count: int = 1) -> list[PurgeRow]:
    """Wait until so many requests to forget are acknowledged; all requests."""

    async def so() -> bool:
        rows = await purges_of(meeting)
        return sum(row.acknowledged_at is not None for row in rows) >= count

    await until(so, 30)
    return await purges_of(meeting)


async def remove(meeting: Meeting, handle: str) -> None:
    """Ana tells the helper, as stewards do."""
    person = meeting[handle]
    host = "" if person.node is meeting.hq else f"@{person.node.host}"
    await meeting["ana"].say(
        f"@tertulia remove @{handle}{host} from lifting: moved on", visibility="direct"
    )


@pytest.mark.both
async def test_T18_the_last_members_node_forgets_everything_and_says_so(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "cy", "bo")
    said = await meeting.say("ana", f"{CANARY} by ana")
    await meeting.shown("cy", f"{CANARY} by ana")
    await meeting.say("bo", f"{CANARY} by bo")
    theirs = await meeting.shown("cy", f"{CANARY} by bo")
    answer = await meeting["cy"].say(
        "own words stay", in_reply_to_id=theirs["id"], visibility="private"
    )
    await meeting["cy"].post(f"/api/v1/statuses/{theirs['id']}/favourite")
    await meeting.settled()
    assert "posts" in await meeting.far.db.read(holding, CANARY)
    assert await meeting.far.db.read(actors.by_uri, meeting["bo"].uri) is not None

    await remove(meeting, "cy")
    await meeting.club.loses(meeting["cy"].uri, meeting.far)
    rows = await acknowledged(meeting)
    await meeting.settled()
    assert [row.acknowledged_at is not None for row in rows] == [True]
    assert await meeting.far.db.read(holding, CANARY) == set()
    assert await meeting.far.db.read(actors.by_uri, meeting["bo"].uri) is None
    own = await meeting["cy"].get(f"/api/v1/statuses/{answer['id']}")
    assert "own words stay" in own["content"]
    assert (await meeting["cy"].ask("GET", f"/api/v1/statuses/{theirs['id']}")).status == 404
    assert await meeting.lab.db.read(holding, CANARY) >= {"posts"}
    assert said["id"]
