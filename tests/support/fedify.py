"""A foreign ActivityPub server for tests: the peer of tests/peers/fedify, started and driven.

``async with fedify_peer(knock="cavage") as peer:`` starts one Node process that serves
``peer.origin`` and is told what to do over a control port. Tests ask the *peer* what it received
and what it now shows; nothing here imports our product.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from aiohttp import ClientSession, ClientTimeout

from tests.peers.fedify.install import HERE, NodeMissingError, ensure_installed, find_node
from tests.support.fedify_roles import Roles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from tests.peers.fedify.records import (
        Answer,
        Audience,
        Delivery,
        PeerActor,
        PeerRequest,
        Person,
        Post,
        Received,
        Scheme,
        Sent,
        Verdict,
    )

__all__ = [
    "FedifyPeer",
    "NodeMissingError",
    "PeerError",
    "ensure_installed",
    "fedify_peer",
    "find_node",
]

READY_SECONDS = 60.0
T = TypeVar("T")


class PeerError(RuntimeError):
    """The peer did not start, refused a control call, or could not deliver.

    ``deliveries`` are the POSTs that the call sent, with the status of each.
    """

    def __init__(self, message: str, deliveries: Sequence[Delivery] = ()) -> None:
        super().__init__(message)
        self.deliveries = list(deliveries)


class FedifyPeer(Roles):
    """The running peer: commands act as one of its actors, queries tell what it saw and shows.

    A command returns when everything was delivered and raises PeerError if anything was not.
    Actors are named by handle (``fern``), everybody and everything else by id.
    """

    def __init__(
        self, session: ClientSession, log: deque[str], *, origin: str, control: str, knock: Scheme
    ) -> None:
        self.origin = origin
        self.control = control
        self.knock = knock
        self.log = log
        """The latest lines of the peer's stderr: what Fedify says about signatures and inboxes."""
        self._session = session

    def actor(self, handle: str) -> str:
        """Return the id of a local actor."""
        return f"{self.origin}/users/{handle}"

    async def _get(self, route: str, **query: str | int | None) -> Any:
        params = {key: str(value) for key, value in query.items() if value is not None}
        async with self._session.get(f"{self.control}/{route}", params=params) as answer:
            return await answer.json()

    async def _do(self, route: str, call: dict[str, Any]) -> Any:
        given = {key: value for key, value in call.items() if value is not None}
        async with self._session.post(f"{self.control}/{route}", json=given) as answer:
            result = await answer.json()
            if answer.status != 200:
                raise PeerError(f"{route} {given}: {result['error']}", result.get("deliveries", []))
            return result

    # What the peer saw and shows.

    async def actors(self) -> list[PeerActor]:
        return cast("list[PeerActor]", await self._get("actors"))

    async def people(self) -> dict[str, Person]:
        """Return the remote actors that the peer knows, by id."""
        return {person["id"]: person for person in await self._get("people")}

    async def posts(self) -> dict[str, Post]:
        """Return all posts by id, the peer's own, received and deleted ones."""
        return {post["id"]: post for post in await self._get("posts")}

    async def post_named(self, id_: str) -> Post | None:
        return (await self.posts()).get(id_)

    async def received(self, type_: str | None = None, *, since: int = 0) -> list[Received]:
        """Return verified activities with ``seq > since``, oldest first."""
        return cast("list[Received]", await self._get("received", type=type_, since=since))

    async def requests(self, *, since: int = 0) -> list[PeerRequest]:
        """Return every request that reached the peer, refused and unsigned ones included."""
        return cast("list[PeerRequest]", await self._get("requests", since=since))

    async def outgoing(self, *, since: int = 0) -> list[Delivery]:
        """Return every request that the peer sent, fetches included, with the scheme used."""
        return cast("list[Delivery]", await self._get("outgoing", since=since))

    async def errors(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", await self._get("errors"))

    async def following_state(self, as_: str, target: str) -> str | None:
        """Return requested, accepted, rejected, or None."""
        found = (await self._get("follows"))["following"]
        states = [one["state"] for one in found if (one["as"], one["target"]) == (as_, target)]
        return states[0] if states else None

    async def follower_state(self, as_: str, actor: str) -> str | None:
        """Return pending, accepted, rejected, or None."""
        found = (await self._get("follows"))["followers"]
        states = [one["state"] for one in found if (one["as"], one["actor"]) == (as_, actor)]
        return states[0] if states else None

    # What its actors do.

    async def follow(self, as_: str, target: str) -> Sent:
        return cast("Sent", await self._do("follow", {"as": as_, "target": target}))

    async def unfollow(self, as_: str, target: str) -> Sent:
        return cast("Sent", await self._do("unfollow", {"as": as_, "target": target}))

    async def set_accept(self, as_: str, accept: Literal["auto", "manual"]) -> None:
        await self._do("mode", {"as": as_, "accept": accept})

    async def accept(self, as_: str, actor: str) -> Sent:
        return cast("Sent", await self._do("accept", {"as": as_, "actor": actor}))

    async def reject(self, as_: str, actor: str) -> Sent:
        """Reject a request, or remove a follower."""
        return cast("Sent", await self._do("reject", {"as": as_, "actor": actor}))

    async def post(
        self, as_: str, content: str, *, to: Audience | list[str] = "public", **more: Any
    ) -> Sent:
        """Create a Note; ``more``: cc, mention, in_reply_to, summary, language, tags, audience,
        attachments (url, media_type, name, width, height), kind (Note, Article …), name,
        replies (bool: it has that collection), can_quote (public or nobody), deliver (False:
        nobody is told), sync (True: to followers, with their digest) and shared_inbox (bool).
        ``to`` may be a list of ids.
        """
        return cast(
            "Sent", await self._do("post", {"as": as_, "content": content, "to": to, **more})
        )

    async def edit(self, id_: str, **changes: Any) -> Sent:
        """Send an Update with ``updated``; ``changes`` are named as in ``post``."""
        return cast("Sent", await self._do("edit", {"id": id_, **changes}))

    async def delete(self, id_: str) -> Sent:
        return cast("Sent", await self._do("delete", {"id": id_}))

    async def like(self, as_: str, object_: str) -> Sent:
        return cast("Sent", await self._do("like", {"as": as_, "object": object_}))

    async def unlike(self, as_: str, object_: str) -> Sent:
        return cast("Sent", await self._do("unlike", {"as": as_, "object": object_}))

    async def announce(self, as_: str, object_: str) -> Sent:
        return cast("Sent", await self._do("announce", {"as": as_, "object": object_}))

    async def unannounce(self, as_: str, object_: str) -> Sent:
        return cast("Sent", await self._do("unannounce", {"as": as_, "object": object_}))

    async def update_actor(
        self, as_: str, *, name: str | None = None, summary: str | None = None
    ) -> Sent:
        call = {"as": as_, "name": name, "summary": summary}
        return cast("Sent", await self._do("update_actor", call))

    # Raw requests: signed once as they are, no second knock, no redirects; any status is an answer.

    async def fetch(
        self,
        url: str,
        *,
        as_: str | None = None,
        scheme: Scheme | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """GET, signed by ``as_`` (unsigned without) in ``scheme`` (default: the knock)."""
        call = {"url": url, "as": as_, "scheme": scheme, "headers": headers}
        return cast("Answer", await self._do("fetch", call))

    async def deliver(
        self,
        as_: str | None,
        inbox: str,
        document: Any,
        *,
        scheme: Scheme | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """POST this very document (a str: these very bytes), signed by ``as_`` or not at all."""
        call = {"as": as_, "inbox": inbox, "document": document, "scheme": scheme}
        return cast("Answer", await self._do("deliver", {**call, "headers": headers}))

    async def verify_proof(self, as_: str, document: dict[str, Any]) -> Verdict:
        """Return Fedify's judgement of a document's FEP-8b32 proofs, keys fetched as ``as_``."""
        answer = await self._do("verify", {"as": as_, "document": document})
        return cast("Verdict", answer["proof"])

    # Waiting for what other servers do in their own time.

    async def until(
        self, ask: Callable[[], Awaitable[T]], *, what: str = "it", seconds: float = 90.0
    ) -> T:
        """Ask until the answer is true and return it. Raises TimeoutError naming ``what``."""
        end = time.monotonic() + seconds
        while not (answer := await ask()):
            if time.monotonic() > end:
                told = f"errors: {await self.errors()}\n{''.join(list(self.log)[-20:])}"
                raise TimeoutError(f"{what} did not happen at {self.origin} in {seconds} s; {told}")
            await asyncio.sleep(0.05)
        return answer

    async def wait_received(self, type_: str, *, since: int = 0, seconds: float = 90.0) -> Received:
        """Return the first verified activity of this type after ``since``."""
        got = await self.until(
            lambda: self.received(type_, since=since), what=f"a verified {type_}", seconds=seconds
        )
        return got[0]

    async def wait_post(self, id_: str, *, seconds: float = 90.0, **expected: Any) -> Post:
        """Return the post when the peer shows it with these field values."""

        async def shown() -> Post | None:
            post = await self.post_named(id_)
            fits = post is not None and all(dict(post)[key] == expected[key] for key in expected)
            return post if fits else None

        post = await self.until(shown, what=f"post {id_} with {expected}", seconds=seconds)
        assert post is not None
        return post


async def _drain(stream: asyncio.StreamReader, lines: deque[str]) -> None:
    while line := await stream.readline():
        lines.append(line.decode(errors="replace"))


async def _ready(process: asyncio.subprocess.Process) -> dict[str, str]:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
    if not line:
        raise PeerError(f"The Fedify peer ended at its start with {await process.wait()}.")
    return cast("dict[str, str]", json.loads(line))


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def fedify_peer(
    knock: Scheme = "rfc9421", *, port: int = 0, host: str = "fedify.localhost", actors: str = ""
) -> AsyncIterator[FedifyPeer]:
    """Run a peer at ``http://HOST:PORT`` (0: any free port) until the block ends.

    ``knock`` is the signature scheme that it tries first, ``actors`` its handles with commas
    between (default fern,moss,reed). If the block fails, the peer's last words go to stderr.
    """
    node = await asyncio.to_thread(ensure_installed)
    command = ["peer.mjs", "--knock", knock, "--port", str(port), "--host", host]
    command += ["--actors", actors] if actors else []
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node.program, *command, cwd=HERE, stdin=pipe, stdout=pipe, stderr=pipe
    )
    assert process.stderr is not None
    last_words: deque[str] = deque(maxlen=300)
    drain = asyncio.create_task(_drain(process.stderr, last_words))
    try:
        addresses = await _ready(process)
        async with ClientSession(timeout=ClientTimeout(total=60)) as session:
            yield FedifyPeer(session, last_words, knock=knock, **addresses)
    except BaseException:
        await _end(process)
        await drain
        print(f"--- {host} (pid {process.pid}) ---\n{''.join(last_words)}", file=sys.stderr)
        raise
    finally:
        await _end(process)
        await drain
