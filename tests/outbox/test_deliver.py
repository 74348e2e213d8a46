"""Deliveries over real HTTP to scripted sinks: order, patience, knocking, refusals."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, update

from domain.addresses import AddressPolicy
from domain.kinds import DeliveryState, KeyType, RuleAction, SignatureScheme
from domain.node import Federation, Node
from federation.client import Client
from federation.keyring import Keyring
from outbox.deliver import Pace, Sender
from outbox.fan_out import fan_out
from outbox.publish import Reach
from storage.database import Database
from storage.queries import deliveries
from storage.queries.activities import insert_activity
from storage.queries.keys import insert_own_key
from storage.queries.origins import set_rule
from storage.tables.origins import origins
from storage.tables.traffic import deliveries as rows
from storage.tx import Tx
from tests.support.factories import add_person, add_remote
from tests.support.listeners import ScriptedServer, Seen, reply, scripted_server
from tests.support.nodes import until

NODE = Node("http://hq.localhost:8080", "hq.localhost:8080", federation=Federation.OPEN)
QUICK = Pace(first=40, longest=200, horizon=60_000, idle=20)

ASKS = {"Accept-Signature": 'sig1=("@method");created;tag="tertulia"'}

_ROWS = select(rows.c.state, rows.c.attempts, rows.c.last_error)
_SCHEME = select(origins.c.scheme).where(origins.c.origin == bindparam("origin"))
_RETRY_AT = select(origins.c.retry_at).where(origins.c.origin == bindparam("origin"))
_AGE = update(rows).values(created_at=bindparam("then"))


@dataclass
class World:
    db: Database
    keyring: Keyring
    author: int = 0
    receivers: dict[str, int] = field(default_factory=dict)
    sent: int = 0

    async def author_here(self) -> None:
        made = await self.keyring.generate()

        def make(tx: Tx) -> int:
            author = add_person(tx, "ana")
            uri = f"{NODE.origin}/a/{author}#main-key"
            insert_own_key(
                tx,
                actor_id=author,
                uri=uri,
                key_type=KeyType.RSA,
                public=made.rsa_public,
                sealed=made.rsa_sealed,
            )
            return author

        self.author = await self.db.write(make)

    async def receiver(self, sink: ScriptedServer, name: str = "bo") -> int:
        origin = sink.url("")
        return await self.db.write(lambda tx: add_remote(tx, name, origin))

    async def send(self, receiver: int, *, subject: str = "one", text: str = "hello") -> None:
        """Publish a document and fan it out, as the job would."""
        self.sent += 1
        number = self.sent
        body = json.dumps({"id": f"{NODE.origin}/act/{number}", "text": text}).encode()

        def queue(tx: Tx) -> None:
            insert_activity(
                tx,
                activity_id=number,
                uri=f"{NODE.origin}/act/{number}",
                actor_id=self.author,
                post_id=None,
                body=body,
            )
            reach = Reach(subject=subject, actors=(receiver,), personal=True)
            fan_out(tx, node=NODE, activity_id=number, reach=reach, body=None)

        await self.db.write(queue)

    async def left(self) -> list[tuple[DeliveryState, int, str | None]]:
        return await self.db.read(lambda tx: tx.all(_ROWS))

    async def scheme(self, sink: ScriptedServer) -> SignatureScheme | None:
        return await self.db.read(lambda tx: tx.scalar(_SCHEME, origin=sink.url("")))


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> World:
    made = World(database, Keyring(tmp_path))
    await made.author_here()
    return made


@asynccontextmanager
async def sending(world: World, pace: Pace = QUICK) -> AsyncIterator[Sender]:
    policy = AddressPolicy((ip_network("127.0.0.0/8"),))
    async with Client(policy, "tertulia-test", own_origin=NODE.origin) as client:
        sender = Sender(world.db, client, NODE, world.keyring, world.db.bus, pace=pace)
        running = asyncio.create_task(sender.run())
        yield sender
        await sender.stop()
        await running


async def nothing_left(world: World) -> bool:
    return not await world.left()


def texts(sink: ScriptedServer) -> list[str]:
    return [json.loads(seen.body)["text"] for seen in sink.seen]


@pytest.mark.both
async def test_a_delivery_arrives_signed_and_is_forgotten(world: World) -> None:
    async with scripted_server(lambda _: reply(status="202 Accepted")) as sink, sending(world):
        await world.send(await world.receiver(sink))
        await until(lambda: nothing_left(world))
    (seen,) = sink.seen
    assert json.loads(seen.body)["text"] == "hello"
    assert seen.headers["content-type"] == "application/activity+json"
    assert "(request-target) host date digest" in seen.headers["signature"]
    assert await world.scheme(sink) is SignatureScheme.CAVAGE


@pytest.mark.both
async def test_deliveries_about_one_subject_keep_their_order(world: World) -> None:
    fail = iter([True, False])

    def answer(_: Seen) -> bytes:
        return reply(status="500 No" if next(fail, False) else "202 Accepted")

    async with scripted_server(answer) as sink:
        receiver = await world.receiver(sink)
        for text in ("create", "update", "delete"):
            await world.send(receiver, subject="post", text=text)
        async with sending(world):
            await until(lambda: nothing_left(world))
    assert texts(sink) == ["create", "create", "update", "delete"]


async def test_other_subjects_do_not_wait_for_one_that_fails(world: World) -> None:
    def answer(seen: Seen) -> bytes:
        return reply(status="500 No" if b"stuck" in seen.body else "202 Accepted")

    async with scripted_server(answer) as sink:
        receiver = await world.receiver(sink)
        await world.send(receiver, subject="a", text="stuck")
        await world.send(receiver, subject="b", text="free")
        async with sending(world):
            await until(lambda: asyncio.sleep(0, "free" in texts(sink)))
    assert [row[0] for row in await world.left()] == [DeliveryState.WAITING]


async def test_the_second_knock_is_rfc9421_and_is_remembered(world: World) -> None:
    def answer(seen: Seen) -> bytes:
        return reply(status="202 Accepted" if "signature-input" in seen.headers else "401 No")

    async with scripted_server(answer) as sink, sending(world):
        receiver = await world.receiver(sink)
        await world.send(receiver)
        await until(lambda: nothing_left(world))
        assert await world.scheme(sink) is SignatureScheme.RFC9421
        await world.send(receiver, subject="two")
        await until(lambda: nothing_left(world))
    assert ["signature-input" in seen.headers for seen in sink.seen] == [False, True, True]


async def test_a_node_of_ours_that_asks_gets_the_stricter_signature(world: World) -> None:
    async with (
        scripted_server(lambda _: reply(status="202 Accepted", headers=ASKS)) as sink,
        sending(world),
    ):
        receiver = await world.receiver(sink)
        await world.send(receiver)
        await until(lambda: nothing_left(world))
        await world.send(receiver, subject="two")
        await until(lambda: nothing_left(world))
    assert "signature-input" not in sink.seen[0].headers
    assert 'tag="tertulia"' in sink.seen[1].headers["signature-input"]
    assert "nonce=" in sink.seen[1].headers["signature-input"]


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422])
async def test_a_refusal_becomes_a_visible_dead_letter(world: World, status: int) -> None:
    async with scripted_server(lambda _: reply(status=f"{status} No")) as sink, sending(world):
        await world.send(await world.receiver(sink))
        await until(lambda: asyncio.sleep(0, bool(sink.seen)))

        async def dead() -> bool:
            return [row[0] for row in await world.left()] == [DeliveryState.DEAD]

        await until(dead)
    ((_, _, error),) = await world.left()
    assert error == f"answered {status}"


async def test_410_ends_a_delivery(world: World) -> None:
    async with scripted_server(lambda _: reply(status="410 Gone")) as sink, sending(world):
        await world.send(await world.receiver(sink))
        await until(lambda: nothing_left(world))
    assert len(sink.seen) == 1


async def test_a_dead_letter_after_the_horizon(world: World) -> None:
    async with scripted_server(lambda _: reply(status="500 No")) as sink:
        await world.send(await world.receiver(sink))
        long_ago = 1_000
        await world.db.write(lambda tx: tx.run(_AGE, then=long_ago))
        async with sending(world):

            async def dead() -> bool:
                return [row[0] for row in await world.left()] == [DeliveryState.DEAD]

            await until(dead)


async def test_D23_retry_after_rests_the_whole_origin_and_is_clamped(world: World) -> None:
    busy = {"Retry-After": "999999999"}
    async with (
        scripted_server(lambda _: reply(status="503 Busy", headers=busy)) as sink,
        sending(world),
    ):
        receiver = await world.receiver(sink)
        await world.send(receiver)

        async def resting() -> bool:
            at = await world.db.read(lambda tx: tx.scalar(_RETRY_AT, origin=sink.url("")))
            return bool(at)

        await until(resting)
        await world.send(receiver, subject="two")
        await asyncio.sleep(0.2)
        now = await world.db.read(lambda tx: tx.now)
        at = await world.db.read(lambda tx: tx.scalar(_RETRY_AT, origin=sink.url("")))
    assert len(sink.seen) == 1, "the second is not even tried"
    assert at is not None
    assert 23 * 3_600_000 < at - now <= 24 * 3_600_000


async def test_an_origin_that_is_down_is_tried_again_and_recovers(world: World) -> None:
    async def tried() -> bool:
        return (await world.left())[0][1] >= 1

    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))  # nobody else is given it while nobody listens
        port: int = kept.getsockname()[1]
        sink = ScriptedServer(lambda _: reply(status="202 Accepted"), "127.0.0.1", port, tls=False)
        await world.send(await world.receiver(sink))
        async with sending(world):
            await until(tried)
            back = await asyncio.start_server(sink.serve, sock=kept)
            await until(lambda: nothing_left(world))
            back.close()
    assert texts(sink) == ["hello"]


@pytest.mark.both
async def test_O16_what_was_queued_for_a_domain_is_dropped_once_it_is_blocked(
    world: World,
) -> None:
    async with scripted_server(lambda _: reply(status="202 Accepted")) as sink:
        await world.send(await world.receiver(sink))
        await world.db.write(lambda tx: set_rule(tx, "127.0.0.1", RuleAction.BLOCK, "test"))
        async with sending(world):
            await until(lambda: nothing_left(world))
    assert sink.seen == []


PATIENT = Pace(first=600_000, longest=600_000, horizon=3_600_000, idle=20)
"""Whoever is put off stays away for as long as any test lasts."""


async def test_a_kept_connection_that_just_ended_puts_nobody_off(world: World) -> None:
    """Node's servers end what was idle for six seconds, perhaps just as it is used again."""
    ends = iter([False, True])

    def answer(_: Seen) -> bytes:
        if next(ends, False):
            raise ConnectionError
        return reply(status="202 Accepted", headers=ASKS)

    async with scripted_server(answer) as sink, sending(world, PATIENT):
        receiver = await world.receiver(sink)
        await world.send(receiver)
        await until(lambda: nothing_left(world))
        await world.send(receiver, subject="two", text="again")
        await until(lambda: nothing_left(world))
    assert texts(sink) == ["hello", "again", "again"]
    assert sink.connections == 2
    lost, heard = (seen.headers["signature-input"] for seen in sink.seen[1:])
    assert "nonce=" in lost
    assert lost != heard  # signed afresh: a nonce is good once


async def test_who_hangs_up_twice_is_put_off(world: World) -> None:
    def answer(_: Seen) -> bytes:
        raise ConnectionError

    async def put_off() -> bool:
        return (await world.left())[0][1] >= 1

    async with scripted_server(answer) as sink, sending(world, PATIENT):
        await world.send(await world.receiver(sink))
        await until(put_off)
        await asyncio.sleep(0.3)
        assert (await world.left())[0][:2] == (DeliveryState.WAITING, 1)
    assert len(sink.seen) == 2


async def test_S_every_attempt_is_signed_afresh(world: World) -> None:
    fail = iter([True])

    def answer(_: Seen) -> bytes:
        return reply(status="500 No" if next(fail, False) else "202 Accepted")

    pace = Pace(first=1_100, longest=1_100, horizon=60_000, idle=20)
    async with scripted_server(answer) as sink, sending(world, pace):
        await world.send(await world.receiver(sink))
        await until(lambda: nothing_left(world))
    first, second = sink.seen
    assert first.body == second.body
    assert first.headers["date"] != second.headers["date"]
    assert first.headers["signature"] != second.headers["signature"]


@pytest.mark.both
async def test_two_senders_share_a_queue_without_doubling(world: World) -> None:
    async with scripted_server(lambda _: reply(status="202 Accepted")) as sink:
        receiver = await world.receiver(sink)
        for number in range(60):
            await world.send(receiver, subject=str(number), text=str(number))
        async with sending(world), sending(world):
            await until(lambda: nothing_left(world))
    assert sorted(texts(sink), key=int) == [str(number) for number in range(60)]


def test_patience_grows_and_ends() -> None:
    pace = Pace()
    waits = [pace.back_off(failures) for failures in range(1, 12)]
    assert waits[:4] == [60_000, 120_000, 240_000, 480_000]
    assert waits[-1] == 6 * 3_600_000


async def test_nothing_is_delivered_where_this_node_may_not_talk(world: World) -> None:
    closed = Node(NODE.origin, NODE.handle_domain, federation=Federation.PARTNERS)
    async with scripted_server(lambda _: reply(status="202 Accepted")) as sink:
        receiver = await world.receiver(sink)

        def queue(tx: Tx, node: Node) -> int:
            insert_activity(
                tx,
                activity_id=tx.now,
                uri=f"{NODE.origin}/act/{tx.now}",
                actor_id=world.author,
                post_id=None,
                body=b"{}",
            )
            reach = Reach(subject="x", actors=(receiver,), personal=True)
            return fan_out(tx, node=node, activity_id=tx.now, reach=reach, body=None)

        assert await world.db.write(queue, closed) == 0
        await asyncio.sleep(0.005)
        assert await world.db.write(queue, NODE) == 1
    assert await world.db.read(deliveries.waiting) == 1


async def test_leases_of_a_killed_process_can_be_taken_back(world: World) -> None:
    async with scripted_server(lambda _: reply(status="202 Accepted")) as sink:
        await world.send(await world.receiver(sink))
        assert len(await world.db.write(deliveries.claim, 10)) == 1
        assert await world.db.write(deliveries.claim, 10) == [], "leased to whoever is sending"
        assert await world.db.write(deliveries.release) == 1
        assert len(await world.db.write(deliveries.claim, 10)) == 1
