"""Two web processes and two workers over one PostgreSQL, started by the `tertulia` command."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import ClientError, ClientSession

from bench.ports import free_port
from tests.support.nodes import Json, until
from tests.together.spies import Spy, a_spy

pytestmark = pytest.mark.only("postgresql")

PROGRAM = Path(sys.executable).with_name("tertulia")
SCOPES = "read write follow push"
STARTS_WITHIN = 60.0
"""Seconds that four processes take at most to start on a busy machine."""


class Cluster:
    """One node, served by several processes."""

    def __init__(self, environment: dict[str, str], ports: list[int], session: ClientSession):
        self.environment = environment
        self.ports = ports
        self.origin = environment["TERTULIA_ORIGIN"]
        self.session = session
        self.tokens: dict[str, str] = {}

    async def run(self, *arguments: str) -> str:
        """One command beside the servers; what it printed."""
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaints = await process.communicate()
        assert process.returncode == 0, complaints.decode()
        return printed.decode().strip()

    async def person(self, name: str) -> None:
        """An account with a token."""
        password = "correct horse battery"
        await self.run(
            *("account", "create", name, "--email", f"{name}@mail.example"),
            *("--password", password),
        )
        self.tokens[name] = await self.run("token", "create", name, "--scopes", SCOPES)

    async def ask(self, web: int, name: str, method: str, path: str, **given: Any) -> Json:
        """A request to one of the web processes that must succeed."""
        headers = {"Authorization": f"Bearer {self.tokens[name]}"}
        url = f"http://127.0.0.1:{self.ports[web]}{path}"
        async with self.session.request(method, url, headers=headers, **given) as answer:
            body = await answer.read()
            assert answer.status == 200, f"{method} {path}: {answer.status} {body[:300]!r}"
            return orjson.loads(body)

    async def is_up(self, web: int) -> bool:
        """Whether a web process answers."""
        with suppress(ClientError):
            url = f"http://127.0.0.1:{self.ports[web]}/api/v1/streaming/health"
            async with self.session.get(url) as answer:
                return answer.status == 200
        return False


@asynccontextmanager
async def serving(cluster: Cluster, *arguments: str) -> AsyncIterator[None]:
    """One `tertulia serve` until the block ends; what it said is shown if that fails."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "serve",
        *arguments,
        env=cluster.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            said, _ = await asyncio.wait_for(process.communicate(), 40)
        except TimeoutError:
            process.kill()
            said, _ = await process.communicate()
        print(f"--- serve {' '.join(arguments)}: {process.returncode} ---\n{said.decode()}")
    assert process.returncode == 0


@pytest.fixture
async def cluster(new_database_url: Callable[[], str], folder: Path) -> AsyncIterator[Cluster]:
    ports = [free_port(), free_port()]
    environment = {
        "PATH": os.environ["PATH"],
        "TERTULIA_DATA": str(folder / "data"),
        "TERTULIA_DATABASE_URL": new_database_url(),
        "TERTULIA_ORIGIN": f"http://hq.localhost:{ports[0]}",
        "TERTULIA_FEDERATION": "open",
        "TERTULIA_PUBLIC_MEANS": "public",
        "TERTULIA_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
    }
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        made = Cluster(environment, ports, session)
        await asyncio.gather(made.person("ana"), made.person("ben"))
        for port in ports:
            web = ("--role", "web", "--bind", f"127.0.0.1:{port}")
            await stack.enter_async_context(serving(made, *web))
        for _ in range(2):
            await stack.enter_async_context(serving(made, "--role", "worker"))
        for web_process in range(len(ports)):
            await until(partial(made.is_up, web_process), STARTS_WITHIN)
        yield made


async def let_follow(cluster: Cluster, spy: Spy) -> None:
    """Eve follows ana; the request comes through one process and is granted in the other."""
    me = await cluster.ask(1, "ana", "GET", "/api/v1/accounts/verify_credentials")
    follow = spy.server.activity(spy.eve, "Follow", me["uri"])
    inbox = f"{cluster.origin}/inbox"
    assert (await spy.server.deliver(spy.eve, inbox, follow)).status == 202
    found: list[Json] = []

    async def asked() -> bool:
        found[:] = await cluster.ask(1, "ana", "GET", "/api/v1/follow_requests")
        return bool(found)

    await until(asked)
    granted = f"/api/v1/follow_requests/{found[0]['id']}/authorize"
    await cluster.ask(1, "ana", "POST", granted)
    await until(lambda: _got(spy, "Accept"))


async def _got(spy: Spy, kind: str) -> bool:
    return spy.got(kind) != []


async def test_processes_over_one_database_are_one_node(cluster: Cluster) -> None:
    me = await cluster.ask(0, "ana", "GET", "/api/v1/accounts/verify_credentials")
    await cluster.ask(0, "ben", "POST", f"/api/v1/accounts/{me['id']}/follow")
    async with a_spy() as spy:
        await let_follow(cluster, spy)
        stream = f"ws://127.0.0.1:{cluster.ports[1]}/api/v1/streaming?stream=user"
        token = f"&access_token={cluster.tokens['ben']}"
        async with cluster.session.ws_connect(stream + token) as socket:
            made = [
                await cluster.ask(0, "ana", "POST", "/api/v1/statuses", json={"status": f"no {n}"})
                for n in range(5)
            ]
            heard = [await asyncio.wait_for(socket.receive_json(), 40) for _ in made]
        assert [event["event"] for event in heard] == ["update"] * 5
        streamed = [orjson.loads(event["payload"])["uri"] for event in heard]
        assert sorted(streamed) == sorted(status["uri"] for status in made)
        home = await cluster.ask(1, "ben", "GET", "/api/v1/timelines/home")
        assert [one["uri"] for one in home] == [one["uri"] for one in reversed(made)]

        async def all_there() -> bool:
            return len(set(spy.got("Create"))) == 5

        await until(all_there)
        await asyncio.sleep(0.5)
        assert sorted(spy.got("Create")) == sorted(one["uri"] for one in made), "each exactly once"


async def test_S15_the_same_bytes_at_both_doors_have_one_effect(cluster: Cluster) -> None:
    me = await cluster.ask(0, "ana", "GET", "/api/v1/accounts/verify_credentials")
    async with a_spy() as spy:
        note = spy.server.note(spy.eve, tag=[{"type": "Mention", "href": me["uri"]}])
        note["cc"] = [me["uri"]]
        body = orjson.dumps(spy.server.activity(spy.eve, "Create", note))
        headers = spy.server.signed(spy.eve, f"{cluster.origin}/inbox", body)
        headers["Host"] = cluster.origin.partition("://")[2]
        doors = [f"http://127.0.0.1:{port}/inbox" for port in cluster.ports] * 4
        answers = await asyncio.gather(*(spy.server.send(door, body, headers) for door in doors))
        assert {answer.status for answer in answers} == {202}
        told: list[Json] = []

        async def heard() -> bool:
            told[:] = await cluster.ask(1, "ana", "GET", "/api/v1/notifications")
            return bool(told)

        await until(heard)
        await asyncio.sleep(0.5)
        await heard()
        assert [one["status"]["uri"] for one in told] == [note["id"]]
