"""Removing somebody from a community, and looking at what the member's node holds afterwards."""

from sqlalchemy import select

from storage.queries import actors, purges
from storage.queries.purges import PurgeRow
from storage.tables.metadata import metadata
from storage.tx import Tx
from tests.support.nodes import until
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

    await until(so)
    return await purges_of(meeting)


async def there(meeting: Meeting, handle: str) -> int:
    """The id that the community has at somebody's node."""
    row = await meeting[handle].node.db.read(actors.by_uri, meeting.club.uri)
    assert row is not None
    return row.id


async def remove(meeting: Meeting, handle: str) -> None:
    """Ana tells the helper, as stewards do."""
    person = meeting[handle]
    host = "" if person.node is meeting.hq else f"@{person.node.host}"
    await meeting["ana"].say(
        f"@tertulia remove @{handle}{host} from lifting: moved on", visibility="direct"
    )
