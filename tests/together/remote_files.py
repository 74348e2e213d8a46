"""A node of ours, and a server elsewhere whose posts have files."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.nodes import Json, Nodes, Person, RunningNode
from tests.support.stranger import Document, Stranger, stranger
from tests.support.stranger import Person as Stranger_
from tests.together.stories import settled


@pytest.fixture
async def hq(nodes: Nodes) -> RunningNode:
    return await nodes.start("hq")


@pytest.fixture
async def far() -> AsyncIterator[Stranger]:
    async with stranger("far") as server:
        yield server


def file(url: str, media_type: str = "image/jpeg", **more: Any) -> Document:
    return {"type": "Document", "mediaType": media_type, "url": url, "name": "a field", **more}


async def posted(far: Stranger, who: Stranger_, hq: RunningNode, **note: Any) -> Document:
    """A note that was delivered to the node."""
    document = far.note(who, **note)
    create = far.activity(who, "Create", document, to=document["to"], cc=document["cc"])
    answer = await far.deliver(who, f"{hq.origin}/inbox", create)
    assert answer.status == 202
    await settled(hq)
    return document


async def seen(person: Person, note: Document) -> list[Json]:
    status = await person.find_post(note["id"])
    found: list[Json] = status["media_attachments"]
    return found


def asked(far: Stranger, path: str) -> list[dict[str, str]]:
    return [one.headers for one in far.seen if one.path == path]
