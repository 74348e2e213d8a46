"""Files of posts: what a node holds of them, and what somebody's app shows."""

from typing import Any

from sqlalchemy import Select, select

from storage.queries import posts
from storage.queries.files import FileRow
from storage.tables.files import files
from tests.support.nodes import Json, Person, RunningNode, until

_ALL: Select[*tuple[Any, ...]] = select(*files.c).order_by(files.c.id)


async def post_id(node: RunningNode, uri: str) -> int | None:
    row = await node.db.read(posts.by_uri, uri)
    return None if row is None else row.id


async def shown(person: Person, uri: str) -> list[Json]:
    """The pictures that somebody's app shows beside a post."""
    found = await post_id(person.node, uri)
    answer = await person.ask("GET", f"/api/v1/statuses/{found}")
    pictures: list[Json] = answer.json["media_attachments"] if answer.status == 200 else []
    return pictures


async def came(person: Person, uri: str) -> Json:
    """Wait until somebody's app shows the picture of a post; the MediaAttachment."""
    found: list[Json] = []

    async def there() -> bool:
        found[:] = await shown(person, uri)
        return bool(found)

    await until(there)
    return found[0]


async def rows(node: RunningNode) -> list[FileRow]:
    """All files that a node knows of, in the order in which it came to know them."""
    return await node.db.read(lambda tx: [FileRow(*row) for row in tx.all(_ALL)])
