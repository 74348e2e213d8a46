"""The three paths: what arrives, what leaves, what is read. CPU of the node per piece of work."""

import asyncio
import statistics
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from aiohttp import ClientSession, TCPConnector

from bench.bare import bare_server
from bench.far import FarActor
from bench.node import BenchNode

AT_ONCE = 32
HOMES = 10
FRESH = 250


async def at_once(jobs: Iterable[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    """Run jobs, a bounded number of them at a time."""
    waiting = iter(jobs)

    async def one_after_the_other() -> None:
        for job in waiting:
            await job()

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))


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


async def inbound(node: BenchNode, far: FarActor, times: int) -> float:
    """Signed Creates for ten home timelines, from the socket until they are stored and shown."""
    mention = node.actor_uri("p0")
    homes = node.ask("SELECT count(*) FROM home_entries")
    async with ClientSession(connector=TCPConnector(limit=AT_ONCE)) as session:

        def sending(
            headers: dict[str, str], body: bytes
        ) -> Callable[[], Coroutine[Any, Any, None]]:
            async def send() -> None:
                async with session.post(f"{node.base}/inbox", data=body, headers=headers) as answer:
                    if answer.status != 202:
                        raise RuntimeError(f"answered {answer.status}: {await answer.text()}")

            return send

        before = node.measured.cpu_us()
        for begun in range(0, times, FRESH):  # a post is a moment old when it comes
            prepared = [
                far.signed(f"{node.origin}/inbox", far.note(node.next_number(), mention))
                for _ in range(min(FRESH, times - begun))
            ]
            await at_once(sending(*one) for one in prepared)
        await node.until_zero("SELECT count(*) FROM intake WHERE state = 1")
        spent = node.measured.cpu_us() - before
    stored = node.ask("SELECT count(*) FROM posts WHERE uri LIKE ?", f"{far.origin}/o/%")
    if stored != node.numbers:
        raise RuntimeError(f"{stored} of {node.numbers} notes were stored")
    written = node.ask("SELECT count(*) FROM home_entries") - homes
    if written != times * HOMES:
        raise RuntimeError(f"{written} lines in homes for {times} notes")
    return spent / times


async def bare(method: str, body: bytes | None, status: int, size: int, times: int) -> float:
    """The same load against a server that does nothing: what HTTP alone costs here."""
    async with (
        bare_server(status, size) as (base, process),
        ClientSession(connector=TCPConnector(limit=AT_ONCE)) as session,
    ):

        async def ask() -> None:
            async with session.request(method, base, data=body) as answer:
                await answer.read()

        await at_once([ask] * AT_ONCE)
        before = process.cpu_us()
        await at_once([ask] * times)
        return (process.cpu_us() - before) / times


async def home(node: BenchNode, token: str, times: int) -> tuple[float, int]:
    """Home pages of 20, as an app reads them."""
    headers = {"Authorization": f"Bearer {token}"}
    sizes: list[int] = []
    async with ClientSession(connector=TCPConnector(limit=AT_ONCE), headers=headers) as session:

        async def read() -> None:
            async with session.get(f"{node.base}/api/v1/timelines/home") as answer:
                body = await answer.read()
                if answer.status != 200 or body.count(b'"reblog"') != 20:
                    raise RuntimeError(f"answered {answer.status} with {len(body)} bytes")
                sizes.append(len(body))

        await at_once([read] * AT_ONCE)
        before = node.measured.cpu_us()
        await at_once([read] * times)
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
