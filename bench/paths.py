"""The three paths: what arrives, what leaves, what is read. CPU of the node per piece of work."""

import asyncio
import statistics
from collections.abc import Sequence
from itertools import cycle, islice

from aiohttp import ClientSession

from bench import wire
from bench.bare import bare_server
from bench.far import FarActor
from bench.node import BenchNode

AT_ONCE = wire.CONNECTIONS
HOMES = 10
FRESH = 250


async def meet(node: BenchNode, far: FarActor, session: ClientSession) -> None:
    """Let the foreign actor become known by a signed Follow, then give it ten followers here."""
    target = node.actor_uri("p0")
    follow: dict[str, object] = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{far.origin}/f/1",
        "type": "Follow",
        "actor": far.uri,
        "object": target,
    }
    headers, body = far.signed(f"{node.origin}/inbox", follow)
    async with session.post(f"{node.base}/inbox", data=body, headers=headers) as answer:
        if answer.status != 202:
            raise RuntimeError(f"the Follow was answered {answer.status}: {await answer.text()}")
    await node.until_zero("SELECT count(*) FROM intake WHERE state = 1")
    node.give_followers(far.uri)


async def inbound(node: BenchNode, authors: Sequence[FarActor], times: int) -> float:
    """Signed Creates for ten home timelines, by authors on several servers in turn, from the socket
    until they are stored and shown.
    """
    mention = node.actor_uri("p0")
    homes = node.ask("SELECT count(*) FROM home_entries")
    inbox = f"{node.origin}/inbox"
    spent = 0.0
    async with wire.connected(node.port) as connections:
        for begun in range(0, times, FRESH):  # a post is a moment old when it comes
            prepared = [
                wire.request(
                    "POST", inbox, *author.signed(inbox, author.note(node.next_number(), mention))
                )
                for author in islice(cycle(authors), min(FRESH, times - begun))
            ]
            before = node.measured.cpu_us()
            await connections.send(prepared, _accepted)
            spent += node.measured.cpu_us() - before
    before = node.measured.cpu_us()
    await node.until_zero("SELECT count(*) FROM intake WHERE state = 1")
    spent += node.measured.cpu_us() - before
    there = f"%.localhost:{authors[0].port}/o/%"
    stored = node.ask("SELECT count(*) FROM posts WHERE uri LIKE ?", there)
    if stored != node.numbers:
        raise RuntimeError(f"{stored} of {node.numbers} notes were stored")
    written = node.ask("SELECT count(*) FROM home_entries") - homes
    if written != times * HOMES:
        raise RuntimeError(f"{written} lines in homes for {times} notes")
    return spent / times


def _accepted(status: int, _size: int, body: bytes) -> None:
    if status != 202:
        raise RuntimeError(f"answered {status}: {body!r}")


async def bare(method: str, body: bytes, status: int, size: int, times: int) -> float:
    """The same load against a server that does nothing: what HTTP alone costs here."""

    def as_told(answered: int, came: int, _body: bytes) -> None:
        if (answered, came) != (status, size):
            raise RuntimeError(f"answered {answered} with {came} bytes")

    async with bare_server(status, size) as (base, process):
        asked = wire.request(method, base, None, body)
        port = int(base.rpartition(":")[2].strip("/"))
        async with wire.connected(port) as connections:
            await connections.send([asked] * 2 * AT_ONCE, as_told)
            before = process.cpu_us()
            await connections.send([asked] * times, as_told)
            return (process.cpu_us() - before) / times


async def home(node: BenchNode, token: str, times: int) -> tuple[float, int]:
    """Home pages of 20, as an app reads them."""
    return await read(node, token, "/api/v1/timelines/home", b'"reblog"', 20, times=times)


async def read(
    node: BenchNode, token: str, path: str, mark: bytes, holds: int, *, times: int
) -> tuple[float, int]:
    """Read a page many times; what one costs and how large it is. It holds so many `mark`s."""
    asked = wire.request("GET", f"{node.origin}{path}", {"Authorization": f"Bearer {token}"})
    sizes: list[int] = []

    def whole(status: int, size: int, body: bytes) -> None:
        if status != 200 or body.count(mark) != holds:
            raise RuntimeError(f"{path}: {status}, {body.count(mark)} marks in {size} bytes")
        sizes.append(size)

    async with wire.connected(node.port) as connections:
        await connections.send([asked] * 2 * AT_ONCE, whole)
        before = node.measured.cpu_us()
        await connections.send([asked] * times, whole)
        spent = node.measured.cpu_us() - before
    return spent / times, int(statistics.median(sizes))


async def delivery(node: BenchNode, far: FarActor, token: str, followers: int, posts: int) -> float:
    """Public posts to many inboxes on kept connections, from the request until all have arrived."""
    await _delivered(node, far, token, followers, 1)  # opens the connections
    before = node.measured.cpu_us()
    await _delivered(node, far, token, followers, posts)
    return (node.measured.cpu_us() - before) / (followers * posts)


async def _delivered(
    node: BenchNode, far: FarActor, token: str, followers: int, posts: int
) -> None:
    expected = far.received + followers * posts
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession(headers=headers) as session:
        for number in range(posts):
            form = {"status": f"Post {number} " + "for everybody who follows. " * 60}
            async with session.post(f"{node.base}/api/v1/statuses", data=form) as answer:
                if answer.status != 200:
                    raise RuntimeError(f"answered {answer.status}: {await answer.text()}")
        async with asyncio.timeout(60):
            while far.received < expected:
                await asyncio.sleep(0.05)
