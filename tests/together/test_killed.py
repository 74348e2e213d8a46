"""A whole serving process is killed in the middle of its work: nothing is lost, nothing is double.

SIGKILL leaves no time to finish anything. What a client or another server was told is stored is
there afterwards, once; what nobody acknowledged is sent again by its sender, and is there once.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession
from sqlalchemy import update

from bench.ports import free_port
from storage.database import run_once
from storage.tables.jobs import jobs
from storage.tables.origins import origins
from storage.tables.traffic import deliveries
from storage.tx import Tx
from tests.support import chance
from tests.support.nodes import Json, until
from tests.support.stranger import Document
from tests.together.spies import Spy, a_spy

pytestmark = [pytest.mark.only("sqlite"), pytest.mark.timeout(300)]

PROGRAM = Path(sys.executable).with_name("tertulia")
KILLS = 3
SEED = chance.seed("SEED")
POSTS, NOTES = 40, 40
PATIENCE = 60.0


_JOBS = update(jobs).values(lease_until=0)
_DELIVERIES = update(deliveries).values(lease_until=0, run_at=0)
_ORIGINS = update(origins).values(retry_at=0)


def _end_leases(tx: Tx) -> None:
    for statement in (_JOBS, _DELIVERIES, _ORIGINS):
        tx.run(statement)


class Mortal:
    """One `tertulia serve` over a data folder, which may be killed and started again."""

    def __init__(self, folder: Path, session: ClientSession) -> None:
        self.port = free_port()
        self.origin = f"http://hq.localhost:{self.port}"
        self.session = session
        self.token = ""
        self._log = folder / "log"
        self._database = str(folder / "data" / "tertulia.sqlite3")
        self._serving: subprocess.Popen[bytes] | None = None
        self._environment = {
            "PATH": os.environ["PATH"],
            "TERTULIA_DATA": str(folder / "data"),
            "TERTULIA_ORIGIN": self.origin,
            "TERTULIA_BIND": f"127.0.0.1:{self.port}",
            "TERTULIA_FEDERATION": "open",
            "TERTULIA_PUBLIC_MEANS": "public",
            "TERTULIA_RATE_LIMITS": "off",
            "TERTULIA_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        }

    def run(self, *words: str) -> str:
        """One command; what it printed."""
        done = subprocess.run(
            [PROGRAM, *words], env=self._environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    async def start(self) -> None:
        """Serve, and wait until it does."""
        with self._log.open("ab") as log:
            self._serving = subprocess.Popen(
                [PROGRAM, "serve"], env=self._environment, stdout=log, stderr=log
            )
        await until(self._answers, PATIENCE)

    async def _answers(self) -> bool:
        with suppress(ClientError):
            url = f"http://127.0.0.1:{self.port}/api/v1/streaming/health"
            async with self.session.get(url) as answer:
                return answer.status == 200
        return False

    def kill(self) -> None:
        """No goodbye."""
        assert self._serving is not None
        self._serving.send_signal(signal.SIGKILL)
        self._serving.wait(40)

    def the_leases_are_over(self) -> None:
        """What the dead process held may be taken by another: the minutes of its leases passed."""
        run_once(self._database, _end_leases)

    async def ask(self, method: str, path: str, **given: object) -> Json:
        """A request that must succeed; ClientError while nobody serves."""
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}  # type: ignore[dict-item]
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, headers=headers, **given) as answer:  # type: ignore[arg-type]
            assert answer.status == 200, await answer.text()
            return await answer.json()


@pytest.fixture
async def mortal(folder: Path) -> AsyncIterator[Mortal]:
    async with ClientSession() as session:
        node = Mortal(folder, session)
        words = ("account", "create", "ana", "--email", "ana@mail.example")
        await asyncio.to_thread(node.run, *words, "--password", "correct horse battery")
        node.token = await asyncio.to_thread(
            node.run, "token", "create", "ana", "--scopes", "read write follow"
        )
        await node.start()
        yield node
        node.kill()


async def post(node: Mortal, number: int) -> str:
    """Post once, however often that must be tried; the id that was acknowledged."""
    body = {"status": f"post {number}"}
    headers = {"Idempotency-Key": f"key {number}"}
    while True:
        with suppress(ClientError, OSError):
            made = await node.ask("POST", "/api/v1/statuses", json=body, headers=headers)
            return str(made["uri"])
        await asyncio.sleep(0.05)


async def deliver(node: Mortal, spy: Spy, activity: Document) -> None:
    """Deliver as servers do: again until it is accepted."""
    while True:
        with suppress(ClientError, OSError):
            answer = await spy.server.deliver(spy.eve, f"{node.origin}/inbox", activity)
            if answer.status == 202:
                return
        await asyncio.sleep(0.05)


async def let_follow(node: Mortal, spy: Spy) -> str:
    """Ana and eve follow each other; ana's id on the wire."""
    me = await node.ask("GET", "/api/v1/accounts/verify_credentials")
    follow = spy.server.activity(spy.eve, "Follow", me["uri"])
    await deliver(node, spy, follow)
    asking: list[Json] = []

    async def asked() -> bool:
        asking[:] = await node.ask("GET", "/api/v1/follow_requests")
        return bool(asking)

    await until(asked)
    await node.ask("POST", f"/api/v1/follow_requests/{asking[0]['id']}/authorize")
    return str(me["uri"])


async def everything(node: Mortal, path: str) -> list[Json]:
    """A whole list, page after page."""
    found: list[Json] = []
    mark = ""
    for _ in range(20):
        page = await node.ask("GET", f"{path}?limit=40{mark}")
        found += page
        if len(page) < 40:
            return found
        mark = f"&max_id={page[-1]['id']}"
    raise AssertionError("the list does not end")


async def test_a_killed_node_loses_nothing_and_doubles_nothing(mortal: Mortal) -> None:
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    async with a_spy() as spy:
        ana = await let_follow(mortal, spy)
        notes = [
            spy.server.note(spy.eve, tag=[{"type": "Mention", "href": ana}]) for _ in range(NOTES)
        ]
        creates = []
        for note in notes:
            note["cc"] = [ana]
            creates.append(spy.server.activity(spy.eve, "Create", note))
        room = asyncio.Semaphore(4)

        async def within(work: object) -> object:
            async with room:
                await asyncio.sleep(0.02)
                return await work  # type: ignore[misc]

        posting = [asyncio.ensure_future(within(post(mortal, n))) for n in range(POSTS)]
        sending = [asyncio.ensure_future(within(deliver(mortal, spy, one))) for one in creates]
        for _ in range(KILLS):
            await asyncio.sleep(0.1 + dice.random() * 0.3)
            mortal.kill()
            await mortal.start()
        made = await asyncio.gather(*posting)
        await asyncio.gather(*sending)
        mortal.kill()  # once more, with everything acknowledged and much not sent on yet
        mortal.the_leases_are_over()
        await mortal.start()

        me = await mortal.ask("GET", "/api/v1/accounts/verify_credentials")
        mine = await everything(mortal, f"/api/v1/accounts/{me['id']}/statuses")
        assert Counter(one["content"] for one in mine) == Counter(
            f"<p>post {number}</p>" for number in range(POSTS)
        )
        assert sorted(one["uri"] for one in mine) == sorted(map(str, made))

        async def all_told() -> bool:
            told = await everything(mortal, "/api/v1/notifications")
            uris = Counter(one["status"]["uri"] for one in told if one["type"] == "mention")
            assert set(uris.values()) <= {1}, "nobody is told twice"
            return set(uris) == {note["id"] for note in notes}

        await until(all_told, PATIENCE)

        async def all_arrived() -> bool:
            return set(spy.got("Create")) == set(map(str, made))

        await until(all_arrived, PATIENCE)
