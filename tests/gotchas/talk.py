"""Liv writes on a real node, Zoe's server hears it: what we send, byte for byte."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson

from federation.key_material import load_public_key
from federation.signatures import IncomingRequest, parse, verify
from tests.support.nodes import Nodes, RunningNode, until
from tests.support.nodes import Person as Member
from tests.support.stranger import AS2, Document, Person, Seen, Stranger, stranger


@dataclass
class Talk:
    """Both ends."""

    node: RunningNode
    liv: Member
    far: Stranger
    zoe: Person

    @property
    def inbox(self) -> str:
        return self.node.node.shared_inbox

    async def heard(self, kind: str, *, after: int = 0) -> tuple[Seen, Document]:
        """Wait for an activity of this kind; the request, and what it said."""
        found: list[tuple[Seen, Document]] = []

        async def came() -> bool:
            found[:] = [
                (seen, orjson.loads(seen.body))
                for seen in self.far.seen[after:]
                if seen.method == "POST" and orjson.loads(seen.body)["type"] == kind
            ]
            return bool(found)

        await until(came)
        return found[-1]

    async def deliver(self, kind: str, about: object, **extra: object) -> Document:
        """Zoe does something; the activity."""
        activity = self.far.activity(self.zoe, kind, about, **extra)
        assert (await self.far.deliver(self.zoe, self.inbox, activity)).status == 202
        return activity

    async def document(self, path: str) -> Document:
        """What anybody gets at an address of the node."""
        answer = await self.node.ask("GET", path, headers={"Accept": AS2})
        assert answer.status == 200, answer.text
        found: Document = answer.json
        return found

    async def checked(self, seen: Seen) -> None:
        """The signature of something heard holds, with the key that the actor publishes."""
        request = IncomingRequest(
            method=seen.method,
            target=seen.path + (f"?{seen.query}" if seen.query else ""),
            headers=list(seen.headers.items()),
            body=seen.body,
            public_origin=self.far.origin,
        )
        claimed = parse(request)
        actor = await self.document(claimed.key_id.partition("#")[0])
        assert actor["publicKey"]["id"] == claimed.key_id
        verify(
            claimed, request, load_public_key(actor["publicKey"]["publicKeyPem"]), self.far.now()
        )


@asynccontextmanager
async def talking(nodes: Nodes) -> AsyncIterator[Talk]:
    """Start both; Zoe asks to follow Liv and is accepted."""
    node = await nodes.start("hq")
    liv = await node.person("liv")
    await liv.ask("PATCH", "/api/v1/accounts/update_credentials", json={"locked": False})
    async with stranger("far") as far:
        talk = Talk(node, liv, far, far.person("zoe"))
        await talk.deliver("Follow", liv.uri)

        async def asks() -> bool:
            for who in await liv.get("/api/v1/follow_requests"):
                await liv.post(f"/api/v1/follow_requests/{who['id']}/authorize")
            return any(b'"Accept"' in seen.body for seen in far.seen)

        await until(asks)
        yield talk
