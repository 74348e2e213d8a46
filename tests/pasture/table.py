"""docs/pasture.md: what this node makes of every note of the pasture, one line each.

`python -m tests.pasture.table` writes it anew, in a folder and a process of its own.
"""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import orjson
from sqlalchemy import select

from domain.text import to_plain
from storage.migrate import upgrade
from storage.tables.traffic import intake
from tests.pasture.inputs import Example, create, examples
from tests.support.factories import add_follow
from tests.support.nodes import Json, Nodes, RunningNode, until
from tests.support.nodes import Person as Member
from tests.support.pictures import picture
from tests.support.stranger import CONTEXT, Page, Person, Stranger, rsa, stranger

PAGE = Path(__file__).parents[2] / "docs" / "pasture.md"
LEAST_SHOWN = 235
_LONGEST = 90
_INTAKE = select(intake.c.activity_uri, intake.c.reason)
_WAITING = select(intake.c.id).where(intake.c.body.is_not(None))
_HEAD = """# What this node makes of the pasture's notes

The package [fediverse-pasture-inputs](https://inputs.funfedi.dev/) holds notes in the many shapes
in which real servers write them. Each is signed, delivered to a running node, and read through the
Mastodon API by somebody who follows its author. This page is generated
(`python -m tests.pasture.table`), and a test fails if it differs.

"""


class Line(NamedTuple):
    """What became of one example: a status, or the reason of its refusal."""

    example: Example
    status: int
    shown: Json
    reason: str


def actor(server: Stranger) -> Person:
    """The one who says everything."""
    uri = server.url("/actor")
    document = {
        "@context": CONTEXT,
        "id": uri,
        "type": "Person",
        "preferredUsername": "actor",
        "inbox": f"{uri}/inbox",
        "followers": f"{uri}/followers",
        "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": rsa().public.pem()},
    }
    person = Person(server, "actor", uri, document, rsa(), f"{uri}#main-key")
    server.people["actor"] = person
    server.pages["/actor"] = Page(document)
    for number in (1, 2):
        server.note(person, f"/assets/note{number}.jsonap", content=f"<p>note {number}</p>")
    for name in ("cow.jpg", "FediverseLogo.png"):
        server.pages[f"/assets/{name}"] = Page(picture("PNG"), type="image/png")
    for number in (100, *range(101, 111), *range(1, 20)):
        server.pages[f"/images/{number}.png"] = Page(picture("PNG"), type="image/png")
    return person


async def lines(nodes: Nodes) -> list[Line]:
    """Send everything to a node, and look at what somebody there sees."""
    node = await nodes.start("hq")
    ana = await node.person("ana")
    async with stranger("pasture") as server:
        author = actor(server)
        known = await ana.find(f"@actor@{server.authority}")
        await node.db.write(add_follow, ana.id, int(known["id"]))
        statuses = []
        for example in examples():
            activity = create(example, author, ana.uri)
            answered = await server.deliver(author, node.node.shared_inbox, activity)
            statuses.append((example, answered.status, activity, answered.body))
        await settled(node)
        reasons = dict(await node.db.read(lambda tx: tx.all(_INTAKE)))
        found = []
        for example, status, activity, body in statuses:
            shown = await seen(ana, str(activity["object"]["id"]))
            refusal = orjson.loads(body)["error"] if status != 202 else ""
            reason = str(reasons.get(activity["id"]) or refusal)
            found.append(Line(example, status, tidy(shown, node, server), reason))
        return found


async def settled(node: RunningNode) -> None:
    """Wait until nothing that came in waits."""

    async def done() -> bool:
        return not await node.db.read(lambda tx: tx.all(_WAITING))

    await until(done)


async def seen(ana: Member, uri: str) -> Json:
    """The status of this id as ana sees it, if it is there."""
    if uri == "None":
        return None
    found = await ana.get("/api/v2/search", q=uri, type="statuses")
    return found["statuses"][0] if found["statuses"] else None


def tidy(shown: Json, node: RunningNode, server: Stranger) -> Json:
    """Names without the ports of this run."""
    if shown is None:
        return None
    text = str(to_plain(shown["content"]))
    for old, new in ((server.authority, "pasture.example"), (node.host, "here.example")):
        text = text.replace(old, new)
    warned = shown["spoiler_text"].replace(server.authority, "pasture.example")
    return shown | {"said": text, "spoiler_text": warned}


def page(found: Iterable[Line]) -> str:
    """The table as Markdown."""
    rows = list(found)
    shown = sum(row.shown is not None for row in rows)
    head = f"{_HEAD}{len(rows)} notes: {shown} shown, {len(rows) - shown} refused with a reason.\n"
    table = ["", "| topic | no. | outcome | what is shown, or why not |", "|---|---|---|---|"]
    return head + "\n".join([*table, *map(_row, rows)]) + "\n"


def _row(line: Line) -> str:
    outcome = "shown" if line.shown is not None else "refused"
    what = _what(line.shown) if line.shown is not None else line.reason
    return f"| {line.example.topic} | {line.example.number} | {outcome} | {_cell(what)} |"


def _what(shown: Json) -> str:
    words = " ".join(shown["said"].split())
    words = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    beside = []
    if shown["spoiler_text"]:
        beside.append(f"warning: {shown['spoiler_text'][:40]}")
    if shown["tags"]:
        beside.append("tags: " + " ".join(sorted(tag["name"] for tag in shown["tags"])))
    if shown["media_attachments"]:
        kinds = [one["type"] for one in shown["media_attachments"]]
        beside.append("beside it: " + ", ".join(dict.fromkeys(kinds)) + f" ({len(kinds)})")
    if shown["mentions"]:
        beside.append(f"names {len(shown['mentions'])}")
    return " · ".join([words or "(no words)", *beside])


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


async def _written() -> None:
    with TemporaryDirectory() as folder:

        def new_url() -> str:
            path = f"{folder}/new.db"
            upgrade(path)
            return path

        async with Nodes(new_url, Path(folder)) as nodes:
            PAGE.write_text(page(await lines(nodes)), "utf-8")


if __name__ == "__main__":
    asyncio.run(_written())
    sys.stdout.write(f"{PAGE}\n")
