"""Documents in the shapes of other servers (`tests/samples`), spoken by a stranger of that name.

The samples name hosts like `mastodon.example`, and somebody here as `https://here.example/a/1`;
both are replaced by who runs in the test. Keys are the test's.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from yarl import URL

from tests.support.nodes import Json, Nodes, RunningNode, until
from tests.support.nodes import Person as Member
from tests.support.pictures import picture
from tests.support.stranger import Document, Page, Person, Stranger, rsa, stranger

FOLDER = Path(__file__).parent.parent / "samples"
_PICTURE = re.compile(r"\.(?:png|jpe?g|webp|gif)$")


class Server:
    """One foreign server with the people of its samples, and somebody here who follows one."""

    def __init__(self, name: str, speaker: Stranger, node: RunningNode, ana: Member) -> None:
        self.name = name
        self.stranger = speaker
        self.node = node
        self.ana = ana
        self.author = self.actor("actor")
        self.account: Json = None

    def sample(self, name: str) -> Document:
        """A document of this server, as it would say it to this node."""
        text = (FOLDER / self.name / f"{name}.json").read_text()
        for old, new in (
            (f"https://{self.name}.example", self.stranger.origin),
            (f"{self.name}.example", self.stranger.authority),
            ("https://here.example/a/1", self.ana.uri),
            ("https://here.example", self.node.origin),
            ("here.example", self.node.host),
        ):
            text = text.replace(old, new)
        document: Document = orjson.loads(text)
        for url in _pictures(document):
            self.stranger.pages.setdefault(URL(url).path, Page(picture(), type="image/jpeg"))
        return document

    def actor(self, name: str) -> Person:
        """Somebody on this server, served with a key and WebFinger."""
        document = self.sample(name)
        document["publicKey"]["publicKeyPem"] = rsa().public.pem()
        uri, handle = document["id"], document["preferredUsername"]
        person = Person(self.stranger, handle, uri, document, rsa(), document["publicKey"]["id"])
        self.stranger.people[handle] = person
        self.stranger.pages[person.path] = Page(document)
        return person

    def serve(self, name: str) -> str:
        """Serve a document at its id; the id."""
        document = self.sample(name)
        self.stranger.pages[URL(document["id"]).path] = Page(document)
        return str(document["id"])

    async def send(self, name: str, **changes: Any) -> None:
        """Deliver a sample as its actor to the shared inbox, and see it taken."""
        answered = await self.stranger.deliver(
            self.author,
            self.node.node.shared_inbox,
            self.sample(name) | changes,
        )
        assert answered.status == 202, answered.body

    async def befriend(self, person: Person) -> Json:
        """Ana follows somebody there, who accepts; the account."""
        account = await self.ana.follow(f"@{person.handle}@{self.stranger.authority}")
        follow = await self.told("Follow", person.uri)
        accept = self.stranger.activity(person, "Accept", follow["id"])
        answered = await self.stranger.deliver(person, self.node.node.shared_inbox, accept)
        assert answered.status == 202
        about = {"id[]": account["id"]}

        async def follows() -> bool:
            found = await self.ana.get("/api/v1/accounts/relationships", **about)
            return bool(found[0]["following"])

        await until(follows)
        return account

    async def told(self, kind: str, about: str) -> Document:
        """The activity of this kind about, or in answer to, what has this id, once it came."""
        found: list[Document] = []

        async def came() -> bool:
            for seen in self.stranger.seen:
                said = orjson.loads(seen.body) if seen.method == "POST" else {}
                inner = said.get("object")
                named = inner.get("inReplyTo") if isinstance(inner, dict) else inner
                if (said.get("type"), named) == (kind, about):
                    assert seen.path in self.inboxes()
                    found.append(said)
            return bool(found)

        await until(came)
        assert len({said["id"] for said in found}) == 1
        return found[0]

    def inboxes(self) -> set[str]:
        """Where this server takes what is meant for its people."""
        shared = self.author.document.get("endpoints", {}).get("sharedInbox")
        own = {person.document["inbox"] for person in self.stranger.people.values()}
        return {URL(inbox).path for inbox in (own | {shared}) if inbox}

    async def shown(self, text: str) -> Json:
        """What ana's home shows with this text."""
        return await self.ana.sees(text)

    async def now(self, status: Json) -> Json:
        """The same status, asked for again."""
        return await self.ana.get(f"/api/v1/statuses/{status['id']}")

    async def becomes(self, status: Json, text: str) -> Json:
        """The status once it says this."""

        async def says() -> bool:
            return text in (await self.now(status))["content"]

        await until(says)
        return await self.now(status)

    async def is_gone(self, status: Json) -> None:
        """Wait until nobody can read it any more."""

        async def missing() -> bool:
            answer = await self.ana.ask("GET", f"/api/v1/statuses/{status['id']}")
            return answer.status == 404

        await until(missing)


def _pictures(found: Any) -> Iterator[str]:
    """Every address of a picture in a document."""
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list):
        for one in found:
            yield from _pictures(one)
    elif isinstance(found, str) and found.startswith("http") and _PICTURE.search(URL(found).path):
        yield found


@asynccontextmanager
async def served(nodes: Nodes, name: str) -> AsyncIterator[Server]:
    """Run a node and a server of this kind, whose author somebody on the node follows."""
    node = await nodes.start("hq")
    ana = await node.person("ana")
    async with stranger(name) as speaker:
        server = Server(name, speaker, node, ana)
        server.account = await server.befriend(server.author)
        yield server
