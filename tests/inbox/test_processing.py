"""What is taken is done once, or dropped with a reason; order and repetition do not matter."""

from itertools import permutations, starmap

import pytest
from sqlalchemy import bindparam, update

from domain.kinds import IntakeState, NotificationKind
from inbox.processing import LEDGER_MS, SWEEP, job_handlers, process
from jobs.queue import Job
from jobs.worker import Each
from storage.queries import intake
from storage.tables.traffic import intake as table
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.inbox.giving import give, in_vain, known
from tests.inbox.home import LEDGER, Home
from tests.support.stranger import Person, Stranger


async def told(here: Home) -> list[NotificationKind]:
    return [row[2] for row in sorted(await here.rows("notifications"))]


# Taken, done, and settled.


async def test_what_is_done_leaves_no_bytes(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await give(here, ana, b.activity(ana, "Follow", alice.uri))
    (row,) = await here.rows("intake")
    assert (row[4], row[5], row[6]) == (None, IntakeState.DONE, None)
    assert [job for job in await here.rows("jobs") if job[1] == "process"] == []


async def test_what_is_dropped_leaves_its_reason_and_no_bytes(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    before = await here.digest(without=LEDGER)
    await give(here, ana, b.activity(ana, "Arrive", alice.uri))
    (row,) = await here.rows("intake")
    assert (row[4], row[5]) == (None, IntakeState.DROPPED)
    assert row[6] == "activities of this type have no effect here"
    assert await here.digest(without=LEDGER) == before


async def test_a_job_that_runs_twice_has_one_effect(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana)["id"]  # as an id only: it is left to a job, which fetches it
    answered = await b.deliver(ana, here.inbox, b.activity(ana, "Create", note))
    assert answered.status == 202
    (row,) = await here.rows("intake")
    job = Job(1, "process", row[0], None, None, 1, 0)
    assert await process(here.fetcher, [job, job]) == [None, None]
    after = await here.digest()
    assert await process(here.fetcher, [job]) == [None]
    assert await here.digest() == after
    assert len(await here.rows("posts")) == 1


async def test_a_poisoned_activity_leaves_its_neighbours_alone(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    good = b.note(ana)
    bad = b.note(ana, content=7, attributedTo=[None])
    await give(here, ana, b.activity(ana, "Create", bad), b.activity(ana, "Create", good))
    assert await here.stored(good["id"]) is not None
    assert sorted(map(bool, await here.reasons())) == [False, True]


async def test_the_ledger_is_swept_after_thirty_days(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await give(here, ana, b.activity(ana, "Follow", alice.uri))
    handler = job_handlers(here.fetcher)[SWEEP]
    assert isinstance(handler, Each)
    tick = Job(1, SWEEP, {}, None, None, 1, 0)
    await handler.run(tick)
    assert len(await here.rows("intake")) == 1
    age = update(table).values(received_at=bindparam("at"))
    await here.db.write(lambda tx: tx.change(age, at=tx.now - LEDGER_MS - 1))
    await handler.run(tick)
    assert await here.rows("intake") == []


async def test_what_still_waits_is_never_swept(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))
    assert await here.db.write(lambda tx: intake.forget(tx, before=tx.now + 1)) == 0


# Order and repetition.


@pytest.mark.parametrize("kind", ["Like", "Announce", "Follow"])
async def test_an_undo_that_comes_first_wins(
    here: Home, b: Stranger, ana: Person, alice: ActorView, kind: str
) -> None:
    about = alice.uri if kind == "Follow" else (await here.post(alice, "words")).uri
    activity = b.activity(ana, kind, about)
    await give(here, ana, b.activity(ana, "Undo", activity), activity)
    assert await here.rows("likes") == []
    assert await here.rows("follows") == []
    shares = [row for row in starmap(PostRow, await here.rows("posts")) if row.share_of_id]
    assert all(share.deleted_at for share in shares)
    assert await told(here) == []


async def test_a_delete_that_comes_first_wins(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana)
    await give(here, ana, b.activity(ana, "Delete", note["id"]), b.activity(ana, "Create", note))
    row = await here.stored(note["id"])
    assert row is None or row.deleted_at is not None


@pytest.mark.interop(
    "Undo{Delete}", "in", "refused: by an author, whose post is gone", peer="a stranger"
)
async def test_O11_a_deletion_is_not_taken_back(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    """As Lemmy says it when somebody restores a post of their own."""
    await here.follow(alice, await known(here, ana))
    note, kept = b.note(ana), b.note(ana)
    await give(here, ana, b.activity(ana, "Create", note), b.activity(ana, "Create", kept))
    delete = b.activity(ana, "Delete", note["id"])
    await give(here, ana, delete)
    await in_vain(here, ana, b.activity(ana, "Undo", delete))
    await in_vain(here, ana, b.activity(ana, "Create", note))
    row, other = await here.stored(note["id"]), await here.stored(kept["id"])
    assert row is None or row.deleted_at is not None
    assert other is not None
    assert other.deleted_at is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_thread_settles_to_the_same_in_any_order(
    here: Home, b: Stranger, ana: Person, alice: ActorView, order: tuple[int, ...]
) -> None:
    await here.follow(alice, await known(here, ana))
    root = b.note(ana)
    reply = b.note(ana, inReplyTo=root["id"])
    creates = [
        b.activity(ana, "Create", root),
        b.activity(ana, "Create", reply),
        b.activity(ana, "Create", b.note(ana, inReplyTo=reply["id"])),
    ]
    for index in order:
        await give(here, ana, creates[index])
    rows = [await here.stored(create["object"]["id"]) for create in creates]
    assert [row is not None for row in rows] == [True] * 3
    first, second, third = (row for row in rows if row is not None)
    assert {row.root_id for row in (first, second, third)} == {first.id}
    assert (second.reply_to_id, third.reply_to_id) == (first.id, second.id)
