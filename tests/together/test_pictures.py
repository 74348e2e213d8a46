"""Pictures between nodes: who copies them from whom, and who never gets to see them."""

from hashlib import sha256

import orjson
import pytest

from storage.queries import files
from storage.queries.files import FileRow
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.pictures import picture, upload
from tests.together.test_handing_in import Club
from tests.together.stories import known


async def came(person: Person, uri: str) -> Json:
    """Wait until somebody's app shows the picture of a post; the MediaAttachment."""
    found: list[Json] = []

    async def there() -> bool:
        row = await person.node.db.read(lambda tx: _row(tx, uri))
        if row is None:
            return False
        status = await person.ask("GET", f"/api/v1/statuses/{row}")
        found[:] = status.json["media_attachments"] if status.status == 200 else []
        return bool(found)

    await until(there)
    return found[0]


def _row(tx: object, uri: str) -> int | None:
    from storage.queries import posts

    row = posts.by_uri(tx, uri)  # type: ignore[arg-type]
    return None if row is None else row.id


async def rows(node: RunningNode) -> list[FileRow]:
    from sqlalchemy import select

    from storage.tables.files import files as table

    statement = select(*table.c).order_by(table.c.id)
    return await node.db.read(lambda tx: [FileRow(*row) for row in tx.all(statement)])


async def bytes_of(node: RunningNode, media: Json) -> bytes:
    answer = await node.ask("GET", media["url"])
    assert answer.status == 200
    return answer.body


@pytest.mark.both
async def test_what_is_handed_in_is_copied_by_the_community(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    made = await upload(club.cy, picture(), description="a red field")
    status = await club.cy.say(
        f"@club@{club.hq.host} look", visibility="private", media_ids=[made["id"]]
    )
    shown = await came(club.ana, status["uri"])
    assert shown["description"] == "a red field"
    (original,), (copy,) = await rows(club.lab), await rows(club.hq)
    assert original.digest == copy.digest
    assert copy.source == club.lab.node.file(original.id)
    assert sha256(await bytes_of(club.hq, shown)).hexdigest() == original.digest
    await club.accepted(status["uri"])
    (announce,) = [one for one in await club.sent(club.hq, "Announce")]
    assert announce["tertulia:copies"] == [
        {
            "url": club.lab.node.file(original.id),
            "tertulia:copy": club.hq.node.file(copy.id),
            "tertulia:sha256": copy.digest,
        }
    ]
    for node, file in ((club.lab, original), (club.hq, copy)):
        assert (await node.ask("GET", f"/files/{file.id}")).status == 404, "nobody signed"


@pytest.mark.both
async def test_what_the_host_says_reaches_a_members_node(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    made = await upload(club.ana, picture())
    status = await club.ana.say("@club look", visibility="private", media_ids=[made["id"]])
    shown = await came(club.cy, status["uri"])
    (original,), (copy,) = await rows(club.hq), await rows(club.lab)
    assert sha256(await bytes_of(club.lab, shown)).hexdigest() == original.digest == copy.digest
    assert f'href="{club.hq.node.file(original.id)}"' not in str(status)
