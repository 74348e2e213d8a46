"""Load on a running node, from outside: simulated servers that sign, and sinks that swallow.

`python -m bench.load --node URL --token TOKEN` sends it posts at a given rate from many servers,
and lets the token's owner post to as many followers elsewhere. The servers live on this machine
below `.localhost`: the node has to talk to them (`federation`, `allow_private_networks` of its
settings). What is counted is what arrived; the times are those of the day and the machine.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import orjson
import uvloop
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.web import Application, AppRunner, HTTPNotFound, Request, Response, TCPSite
from msgspec import Struct

from bench.far import FarActor
from bench.ports import free_port
from federation.key_material import generate_rsa

KEYS: Final = 4
"""Keys that the servers share: making one for each would take longer than the load."""

LOOKED_AT: Final = 10
"""Posts that are looked for at the node in the end."""

SLOW: Final = ClientTimeout(total=30)


class Figures(Struct):
    """What became of one direction. Times in ms."""

    name: str
    wanted: int
    arrived: int
    seconds: float
    times: list[float]
    answers: Counter[str]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was lost."""
        return self.arrived == self.wanted

    def lines(self) -> Iterable[str]:
        """The figures for a reader."""
        rate = self.arrived / self.seconds if self.seconds else 0.0
        yield f"{self.name}: {self.arrived:,} of {self.wanted:,} arrived, {rate:,.0f}/s"
        if len(self.times) > 1:
            cuts = statistics.quantiles(self.times, n=100)
            yield f"  ms: median {cuts[49]:.0f}, p95 {cuts[94]:.0f}, p99 {cuts[98]:.0f}"
        yield "  answers: " + ", ".join(f"{n:,} × {a}" for a, n in self.answers.most_common())


class Fleet:
    """The simulated servers: one actor each, all on one port, told apart by their names."""

    def __init__(self, count: int) -> None:
        self.port = free_port()
        keys = [generate_rsa() for _ in range(min(KEYS, count))]
        self.actors = [
            FarActor(self.port, f"s{number}", keys[number % len(keys)]) for number in range(count)
        ]
        self._by_host = {actor.host: actor for actor in self.actors}
        self.taken: list[tuple[str, float, bytes]] = []  # by whom, when, what

    def _asked(self, request: Request) -> FarActor:
        actor = self._by_host.get(request.host)
        if actor is None:
            raise HTTPNotFound
        return actor

    async def _show(self, request: Request) -> Response:
        return await self._asked(request).show(request)

    async def _webfinger(self, request: Request) -> Response:
        return await self._asked(request).webfinger(request)

    async def _swallow(self, request: Request) -> Response:
        host = self._asked(request).host
        self.taken.append((host, time.monotonic(), await request.read()))
        return Response(status=202)

    def application(self) -> Application:
        """What every server answers."""
        app = Application()
        app.router.add_get("/users/fern", self._show)
        app.router.add_get("/.well-known/webfinger", self._webfinger)
        app.router.add_post("/users/fern/inbox", self._swallow)
        return app


@asynccontextmanager
async def fleet(count: int) -> AsyncIterator[Fleet]:
    """Serve so many servers until the block ends."""
    made = Fleet(count)
    runner = AppRunner(made.application(), access_log=None)
    await runner.setup()
    await TCPSite(runner, "127.0.0.1", made.port).start()
    try:
        yield made
    finally:
        await runner.cleanup()


class Target:
    """The node under load, as the owner of a token uses it."""

    def __init__(self, base: str, token: str, session: ClientSession) -> None:
        self.base = base.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session = session

    async def ask(self, method: str, path: str, **data: Any) -> Any:
        """One call of the Mastodon API. Raises RuntimeError with what was answered."""
        url = f"{self.base}{path}"
        async with self._session.request(method, url, headers=self._headers, **data) as answer:
            body = await answer.read()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path} was answered {answer.status}: {body[:200]!r}")
            return orjson.loads(body)

    async def take(self, actor: FarActor, inbox: str, document: dict[str, object]) -> str:
        """Deliver a signed activity; the status, or why there was none."""
        headers, body = await asyncio.to_thread(actor.signed, inbox, document)
        try:
            async with self._session.post(
                f"{self.base}/inbox", data=body, headers=headers
            ) as answer:
                await answer.read()
                return str(answer.status)
        except (ClientError, TimeoutError) as problem:
            return type(problem).__name__


async def befriend(target: Target, servers: Fleet, me: str, inbox: str) -> None:
    """Let an actor of every server follow the owner of the token, who agrees."""
    for number, actor in enumerate(servers.actors):
        follow: dict[str, object] = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{actor.origin}/f/{number}",
            "type": "Follow",
            "actor": actor.uri,
            "object": me,
        }
        answer = await target.take(actor, inbox, follow)
        if answer != "202":
            raise RuntimeError(f"the node does not talk to {actor.host}: {answer}")
    mine = {actor.uri for actor in servers.actors}
    agreed: set[str] = set()
    async with asyncio.timeout(60):
        while agreed != mine:
            for one in await target.ask("GET", "/api/v1/follow_requests?limit=80"):
                if one["uri"] in mine:
                    await target.ask("POST", f"/api/v1/follow_requests/{one['id']}/authorize")
            agreed |= {
                orjson.loads(body)["object"]["actor"]
                for _, _, body in servers.taken
                if orjson.loads(body)["type"] == "Accept"
            }
            await asyncio.sleep(0.1)


async def inbound(
    target: Target, servers: Fleet, me: str, inbox: str, *, rate: float, seconds: float
) -> Figures:
    """Posts that name the owner of the token, at a steady rate, in turn from every server."""
    answers: Counter[str] = Counter()
    times: list[float] = []
    wanted = max(1, int(rate * seconds))
    sent: list[str] = []
    begun = time.monotonic()

    async def send(number: int) -> None:
        actor = servers.actors[number % len(servers.actors)]
        note = actor.note(number, me)
        due = time.monotonic()
        answer = await target.take(actor, inbox, note)
        times.append((time.monotonic() - due) * 1000)
        answers[answer] += 1
        if answer == "202":
            sent.append(f"{actor.origin}/o/{number}")

    async with asyncio.TaskGroup() as group:
        for number in range(wanted):
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
            group.create_task(send(number))
    took = time.monotonic() - begun
    missing = await _missing(target, sent[:: max(1, len(sent) // LOOKED_AT)])
    return Figures("inbound", wanted, len(sent) - missing, took, times, answers)


async def _missing(target: Target, uris: list[str]) -> int:
    """How many of these the node does not show to the owner of the token."""

    async def shown(uri: str) -> bool:
        path = f"/api/v2/search?type=statuses&q={uri}"
        return bool((await target.ask("GET", path))["statuses"])

    return sum([not await _soon(partial(shown, uri)) for uri in uris])


async def _soon(ask: Callable[[], Awaitable[bool]], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if await ask():
            return True
        await asyncio.sleep(0.1)
    return False


async def outbound(target: Target, servers: Fleet, *, posts: int) -> Figures:
    """Public posts of the owner of the token: one delivery of each to every server."""
    answers: Counter[str] = Counter()
    posted: dict[str, float] = {}
    before = len(servers.taken)
    begun = time.monotonic()
    for number in range(posts):
        form = {"status": f"Load {number} {begun}", "visibility": "public"}
        at = time.monotonic()
        status = await target.ask("POST", "/api/v1/statuses", data=form)
        posted[status["uri"]] = at
        answers["posted"] += 1
    wanted = posts * len(servers.actors)

    def arrived() -> dict[tuple[str, str], float]:
        found: dict[tuple[str, str], float] = {}
        for host, at, body in servers.taken[before:]:
            document = orjson.loads(body)
            note = document.get("object")
            if document["type"] == "Create" and note["id"] in posted:
                found.setdefault((host, note["id"]), at)
        return found

    async def all_there() -> bool:
        return len(servers.taken) - before >= wanted and len(arrived()) == wanted

    await _soon(all_there, 120)
    there = arrived()
    last = max(there.values(), default=begun)
    times = [(at - posted[uri]) * 1000 for (_, uri), at in there.items()]
    return Figures("outbound", wanted, len(there), last - begun, times, answers)


async def load(  # noqa: PLR0917 - as the command line names them
    base: str, token: str, servers: int, rate: float, seconds: float, posts: int
) -> list[Figures]:
    """Load a node and count what arrived.

    Raises:
        RuntimeError: the node does not answer as it should; the message has its words.
    """
    connector = TCPConnector(limit=0)
    session = ClientSession(connector=connector, cookie_jar=DummyCookieJar(), timeout=SLOW)
    async with fleet(servers) as made, session:
        target = Target(base, token, session)
        me = str((await target.ask("GET", "/api/v1/accounts/verify_credentials"))["uri"])
        inbox = "/".join(me.split("/")[:3]) + "/inbox"
        await befriend(target, made, me, inbox)
        found = [await inbound(target, made, me, inbox, rate=rate, seconds=seconds)]
        if posts:
            found.append(await outbound(target, made, posts=posts))
    return found


def main() -> None:
    """Parse the arguments and run; exit code 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--node", default="http://127.0.0.1:8080", help="where it listens")
    parser.add_argument("--token", required=True, help="read, write and follow of one person")
    parser.add_argument("--servers", type=int, default=20, help="simulated servers and sinks")
    parser.add_argument("--rate", type=float, default=100, help="activities per second, together")
    parser.add_argument("--seconds", type=float, default=10, help="for how long")
    parser.add_argument("--posts", type=int, default=10, help="posts to every server; 0: none")
    given = parser.parse_args()
    found = uvloop.run(
        load(given.node, given.token, given.servers, given.rate, given.seconds, given.posts)
    )
    for figures in found:
        for line in figures.lines():
            print(line)
    sys.exit(0 if all(figures.is_whole for figures in found) else 1)


if __name__ == "__main__":
    main()
