"""Block and Undo{Block} from other servers: what ends, what is hidden, and what is refused."""

import pytest

from domain.kinds import ActorType, FollowState
from storage.queries import blocks, follows
from storage.views.actors import ActorView
from tests.inbox.giving import give, in_vain, known
from tests.inbox.home import Home
from tests.support.stranger import Person, Stranger


async def blocked(here: Home, one: ActorView, other: ActorView) -> bool:
    return await here.db.read(follows.is_blocked, one.id, other.id)


@pytest.mark.interop(
    "Block", "in", "hides the two from each other, ends follows", peer="a stranger"
)
async def test_a_block_ends_what_there_was_between_two_people(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    her = await known(here, ana)
    await here.follow(alice, her)
    await here.follow(her, alice)
    await give(here, ana, b.activity(ana, "Block", alice.uri))
    assert await blocked(here, her, alice)
    assert await here.db.read(follows.find, alice.id, her.id) is None
    assert await here.db.read(follows.find, her.id, alice.id) is None


@pytest.mark.interop("Undo{Block}", "in", "shows the two to each other again", peer="a stranger")
@pytest.mark.parametrize("shape", ["whole", "id", "without id"])
async def test_a_block_is_taken_back(
    here: Home, b: Stranger, ana: Person, alice: ActorView, shape: str
) -> None:
    block = b.activity(ana, "Block", alice.uri)
    await give(here, ana, block)
    inner = {
        "whole": block,
        "id": block["id"],
        "without id": {"type": "Block", "actor": ana.uri, "object": alice.uri},
    }[shape]
    await give(here, ana, b.activity(ana, "Undo", inner))
    assert not await blocked(here, await known(here, ana), alice)


async def test_an_undo_that_overtook_its_block_wins(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    block = b.activity(ana, "Block", alice.uri)
    await give(here, ana, b.activity(ana, "Undo", block))
    await in_vain(here, ana, block)
    assert not await blocked(here, await known(here, ana), alice)


async def test_a_follow_of_who_blocks_is_rejected(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    """Ours blocks; the other asks: the answer is no, and nothing is stored."""
    her = await known(here, ana)
    await here.db.write(lambda tx: blocks.add(tx, blocker_id=alice.id, blocked_id=her.id, uri=None))
    await give(here, ana, b.activity(ana, "Follow", alice.uri))
    assert await here.db.read(follows.find, her.id, alice.id) is None
    assert any(b'"Reject"' in row[6] for row in await here.rows("activities"))


async def test_O11_a_block_of_somebody_unknown_or_elsewhere_has_no_effect(
    here: Home, b: Stranger, ana: Person, mallory: Person
) -> None:
    for uri in (f"{here.node.origin}/a/123456", mallory.uri, b.url("/users/nobody")):
        await in_vain(here, ana, b.activity(ana, "Block", uri))


async def test_O11_somebody_elses_block_is_not_taken_back(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person, alice: ActorView
) -> None:
    block = b.activity(ana, "Block", alice.uri)
    await give(here, ana, block)
    await in_vain(here, mallory, e.activity(mallory, "Undo", block))
    await give(
        *(here, mallory),
        e.activity(mallory, "Undo", {"type": "Block", "actor": mallory.uri, "object": alice.uri}),
    )
    assert await blocked(here, await known(here, ana), alice)


async def test_being_put_out_of_a_place_elsewhere_is_no_block(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    her = await known(here, ana)
    await here.follow(her, alice)
    place = b.url("/c/knitting")
    await in_vain(here, ana, b.activity(ana, "Block", alice.uri, target=place))
    row = await here.db.read(follows.find, her.id, alice.id)
    assert row is not None
    assert row.state is FollowState.ACCEPTED


async def test_a_block_by_a_group_ends_following_it(
    here: Home, b: Stranger, alice: ActorView
) -> None:
    group = b.person("knitting", kind=ActorType.GROUP.name.title(), key=3)
    there = await known(here, group)
    await here.follow(alice, there)
    await give(here, group, b.activity(group, "Block", alice.uri))
    assert await here.db.read(follows.find, alice.id, there.id) is None
