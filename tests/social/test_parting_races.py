"""Follows that begin while somebody shuts their side out, and two at once, on both databases."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from domain.errors import NotFound
from social import blocks, domain_blocks, follows
from social.wishes import Wishes
from storage.database import Database
from storage.queries import blocks as stored_blocks
from storage.queries import domain_blocks as stored
from storage.queries import follows as rows
from storage.tables.traffic import activities
from storage.tx import Tx
from tests.support.factories import (
    NODE,
    add_follow,
    add_node,
    add_person,
    add_remote,
    add_sister,
    origin_of,
)
from tests.support.overlapping import overlapping

pytestmark = pytest.mark.both

FAR = "https://far.example"
Act = Callable[[Tx], object]


def _two(tx: Tx) -> tuple[int, int]:
    """Ana, and zoe of a sister, whom nothing binds yet."""
    add_node(tx)
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    add_sister(tx, origin_of(tx, FAR))
    return ana, zoe


def _asks(follower: int, target: int) -> Act:
    return lambda tx: follows.receive_follow(
        tx, node=NODE, follower_id=follower, target_id=target, uri=f"{FAR}/f/1"
    )


def _follow(follower: int, target: int, wishes: Wishes | None = None) -> Act:
    return lambda tx: follows.follow(
        tx, node=NODE, follower_id=follower, target_id=target, wishes=wishes
    )


@pytest.mark.parametrize("how", ["server", "person"])
@pytest.mark.parametrize("asked_first", [False, True])
async def test_Z09_who_is_shut_out_follows_no_more_whichever_comes_first(
    database: Database, how: str, asked_first: bool
) -> None:
    ana, zoe = await database.write(_two)

    def shuts(tx: Tx) -> None:
        if how == "server":
            domain_blocks.shut_out(tx, node=NODE, actor_id=ana, domain="far.example")
        else:
            blocks.block(tx, node=NODE, actor_id=ana, other_id=zoe)

    one, other = (_asks(zoe, ana), shuts) if asked_first else (shuts, _asks(zoe, ana))
    await overlapping(database, one, other)
    assert await database.read(rows.find, zoe, ana) is None
    if how == "server":
        assert await database.read(stored.stands, ana, "far.example")


async def test_Z09_a_block_from_elsewhere_ends_a_follow_that_just_begins(
    database: Database,
) -> None:
    ana, zoe = await database.write(_two)
    uri = await database.read(lambda tx: follows._actor(tx, ana).uri)

    def blocked(tx: Tx) -> None:
        blocker = follows._actor(tx, zoe)
        given = {"blocked_uri": uri, "uri": f"{FAR}/b/1"}
        assert blocks.receive_block(tx, node=NODE, blocker=blocker, **given) is None

    await overlapping(database, _follow(ana, zoe), blocked)
    assert await database.read(stored_blocks.find, zoe, ana) is not None
    assert await database.read(rows.find, ana, zoe) is None


async def test_Z09_two_follows_at_once_ask_once(database: Database) -> None:
    ana, zoe = await database.write(_two)
    await overlapping(database, _follow(ana, zoe), _follow(ana, zoe))
    found = await database.read(rows.find, ana, zoe)
    assert found is not None
    assert await database.read(lambda tx: tx.all(select(activities.c.uri))) == [(found.uri,)]


async def test_Z09_wishes_of_two_requests_both_come_true(database: Database) -> None:
    def begin(tx: Tx) -> tuple[int, int]:
        add_node(tx)
        ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
        add_follow(tx, ana, bo)
        return ana, bo

    ana, bo = await database.write(begin)
    await overlapping(
        database,
        _follow(ana, bo, Wishes(shares=False)),
        _follow(ana, bo, Wishes(notify=True)),
    )
    found = await database.read(rows.find, ana, bo)
    assert found is not None
    assert (found.shares, found.notify) == (False, True)


async def test_Z09_who_blocked_meanwhile_is_followed_by_nobody(database: Database) -> None:
    def begin(tx: Tx) -> tuple[int, int]:
        add_node(tx)
        return add_person(tx, "ana"), add_person(tx, "bo")

    ana, bo = await database.write(begin)
    with pytest.raises(NotFound):
        await overlapping(
            database,
            lambda tx: blocks.block(tx, node=NODE, actor_id=bo, other_id=ana),
            _follow(ana, bo),
        )
    assert await database.read(rows.find, ana, bo) is None
