"""What a post's own words allow is done with the 202; whatever is in the way leaves it to a job."""

from typing import Any

import pytest

from domain.kinds import IntakeState
from storage.views.actors import ActorView
from tests.inbox.giving import known
from tests.inbox.home import LEDGER, Home
from tests.support.stranger import Document, Person, Stranger

pytestmark = pytest.mark.both


async def sent(here: Home, person: Person, activity: Document) -> None:
    """Deliver without processing."""
    assert (await person.server.deliver(person, here.inbox, activity)).status == 202


async def ledger(here: Home) -> list[tuple[Any, ...]]:
    """(bytes kept, state, reason) of what was taken in, in the order of its coming."""
    return [(row[4] is not None, row[5], row[6]) for row in sorted(await here.rows("intake"))]


async def waiting(here: Home) -> int:
    return sum(row[1] == "process" for row in await here.rows("jobs"))


async def test_a_whole_post_is_there_with_the_202(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana)
    await sent(here, ana, b.activity(ana, "Create", note))
    assert await here.stored(note["id"]) is not None
    assert await ledger(here) == [(False, IntakeState.DONE, None)]
    assert await waiting(here) == 0


async def test_S15_a_repeated_post_has_one_effect(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    activity = b.activity(ana, "Create", b.note(ana))
    await sent(here, ana, activity)
    before = await here.digest()
    await sent(here, ana, activity)
    await here.drain()
    assert await here.digest() == before


async def test_a_post_that_concerns_nobody_leaves_its_reason_alone(
    here: Home, b: Stranger, ana: Person
) -> None:
    before = await here.digest(without=LEDGER)
    await sent(here, ana, b.activity(ana, "Create", b.note(ana)))
    dropped = (False, IntakeState.DROPPED, "the post concerns nobody here")
    assert await ledger(here) == [dropped]
    assert await here.digest(without=LEDGER) == before


async def test_what_waits_about_the_same_post_is_not_overtaken(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note, other = b.note(ana), b.note(ana)
    await sent(here, ana, b.activity(ana, "Delete", note["id"]))
    await sent(here, ana, b.activity(ana, "Create", note))
    await sent(here, ana, b.activity(ana, "Create", other))
    assert await waiting(here) == 2
    assert await here.stored(note["id"]) is None
    assert await here.stored(other["id"]) is not None
    await here.drain()
    assert await here.stored(note["id"]) is None


@pytest.mark.parametrize("kind", ["an id only", "another author", "unreadable"])
async def test_whatever_is_in_the_way_leaves_it_to_a_job(
    here: Home, b: Stranger, ana: Person, alice: ActorView, kind: str
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana)
    about: Document | str = {
        "an id only": note["id"],
        "another author": note | {"attributedTo": b.person("bo").uri},
        "unreadable": note | {"attributedTo": [None]},
    }[kind]
    await sent(here, ana, b.activity(ana, "Create", about))
    assert await ledger(here) == [(True, IntakeState.QUEUED, None)]
    assert await waiting(here) == 1
    assert await here.stored(note["id"]) is None
    await here.drain()
    assert (await here.stored(note["id"]) is not None) == (kind == "an id only")
    ((kept, state, reason),) = await ledger(here)
    assert not kept
    assert (state is IntakeState.DONE) == (reason is None) == (kind == "an id only")
