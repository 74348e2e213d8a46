"""Posts for later, on a Tx: how many wait, and what their moment asks anew."""

import pytest
from sqlalchemy import func, select

from domain import later
from domain.audience import Kind
from domain.choices import Choice
from domain.errors import Invalid, NotFound, Problem
from domain.kinds import Role
from domain.polls import NewPoll
from social import scheduling
from social.placing import Draft
from social.posts import create_post, delete_post
from storage.queries import accounts, communities, posts, scheduled
from storage.tables.jobs import jobs
from storage.tx import Tx
from storage.views.posts import PostRow
from tests.support.factories import (
    NODE,
    add_community,
    add_membership,
    add_node,
    add_person,
)

HOUR = 3_600_000


def soon(tx: Tx, hours: int = 1) -> int:
    return tx.now + hours * HOUR


def write(tx: Tx, author: int, text: str, *, hours: int = 1, **draft: object) -> int:
    made = Draft(text, **draft)  # type: ignore[arg-type]
    return scheduling.schedule(tx, node=NODE, author_id=author, draft=made, due_at=soon(tx, hours))


def come_out(tx: Tx, scheduled_id: int) -> PostRow | None:
    row = scheduled.by_id(tx, scheduled_id)
    due = row.due_at if row is not None else 0
    made = scheduling.come_out(tx, node=NODE, scheduled_id=scheduled_id, due_at=due)
    return None if made is None else posts.by_id(tx, made)


def test_it_appears_once_and_only_at_the_moment_chosen_last(tx: Tx) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    made = write(tx, ana, "good morning", visibility=Choice.UNLISTED)
    old = soon(tx)
    scheduling.reschedule(tx, author_id=ana, scheduled_id=made, due_at=soon(tx, 2))
    assert scheduling.come_out(tx, node=NODE, scheduled_id=made, due_at=old) is None
    row = come_out(tx, made)
    assert row is not None
    assert (row.source, row.quiet, row.kind) == ("good morning", True, Kind.NETWORK)
    assert come_out(tx, made) is None


@pytest.mark.both
def test_so_many_wait_in_all_and_for_one_day(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "MOST_A_DAY", 2)
    monkeypatch.setattr(later, "MOST", 3)
    add_node(tx)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    first = [write(tx, ana, f"{number}", hours=72) for number in range(2)]
    with pytest.raises(Invalid, match="for that day"):
        write(tx, ana, "one more", hours=72)
    other = write(tx, ana, "another day", hours=120)
    with pytest.raises(Invalid, match="scheduled posts"):
        write(tx, ana, "yet another", hours=168)
    with pytest.raises(Invalid, match="for that day"):
        scheduling.reschedule(tx, author_id=ana, scheduled_id=other, due_at=soon(tx, 72))
    scheduling.reschedule(tx, author_id=ana, scheduled_id=first[0], due_at=soon(tx, 72))
    assert write(tx, bo, "somebody else", hours=72)
    scheduling.cancel(tx, author_id=ana, scheduled_id=first[0])
    assert write(tx, ana, "room again", hours=72)


def test_nobody_writes_for_later_what_cannot_be_written_now(tx: Tx) -> None:
    add_node(tx)
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    with pytest.raises(Invalid, match="As a guest"):
        write(tx, gina, "for everybody")
    with pytest.raises(NotFound):
        write(tx, ana, "an answer", reply_to_id=4711)
    with pytest.raises(NotFound):
        write(tx, ana, "a quote", quoted_id=4711)
    assert scheduled.count(tx, ana) == scheduled.count(tx, gina) == 0


def test_what_it_answers_may_be_gone_by_then_and_the_words_come_back(tx: Tx) -> None:
    helper = add_node(tx)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    root = create_post(tx, node=NODE, author_id=bo, draft=Draft("a question")).post_id
    made = write(tx, ana, "my answer", reply_to_id=root, summary="long")
    delete_post(tx, node=NODE, author_id=bo, post_id=root)
    with pytest.raises(NotFound) as problem:
        come_out(tx, made)
    told = give_back(tx, made, problem.value, by=helper)
    assert "not there for you any more" in told
    assert "long" in told
    assert "my answer" in told
    assert scheduled.by_id(tx, made) is None


def give_back(tx: Tx, made: int, problem: Problem, *, by: int) -> str:
    """As the job does, in a unit of its own: what the helper tells."""
    scheduling.give_back(tx, node=NODE, scheduled_id=made, problem=problem)
    last = [posts.by_id(tx, each) for each in _by(tx, by)][-1]
    return "" if last is None else last.content


def _by(tx: Tx, author: int) -> list[int]:
    from sqlalchemy import bindparam, select

    from storage.tables.posts import posts as table

    mine = select(table.c.id).where(table.c.author_id == bindparam("author"))
    return [row[0] for row in tx.all(mine.order_by(table.c.id), author=author)]


def test_who_became_a_guest_writes_to_nobody_but_communities(tx: Tx) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    made = write(tx, ana, "for colleagues")
    accounts.set_role(tx, ana, Role.GUEST)
    with pytest.raises(Invalid):
        come_out(tx, made)


def test_never_wider_a_community_that_is_left_or_gone_is_not_everybody(tx: Tx) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    club = add_community(tx, "club")
    add_membership(tx, club, ana)
    made = write(tx, ana, "@club among ourselves", visibility=Choice.PRIVATE)
    communities.forget_members(tx, club, [ana])
    with pytest.raises(Invalid):
        come_out(tx, made)


JOBS = select(func.count(jobs.c.id)).where(jobs.c.kind == scheduling.COME_OUT)


@pytest.mark.both
def test_one_job_for_each_post_however_often_it_is_moved(tx: Tx) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    made, other = write(tx, ana, "mine"), write(tx, ana, "other")
    for hours in (5, 3, 4):
        scheduling.reschedule(tx, author_id=ana, scheduled_id=made, due_at=soon(tx, hours))
    rows = tx.all(select(jobs.c.run_at).where(jobs.c.kind == scheduling.COME_OUT))
    assert {row[0] for row in rows} == {soon(tx), soon(tx, 4)}
    assert tx.scalar(JOBS) == 2
    scheduling.cancel(tx, author_id=ana, scheduled_id=made)
    assert tx.scalar(JOBS) == 1
    assert come_out(tx, other) is not None


def test_G29_whoever_takes_a_name_meanwhile_does_not_read_what_was_for_it(tx: Tx) -> None:
    add_node(tx)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    stays = write(tx, ana, "@bo @later for you", visibility=Choice.DIRECT)
    some = write(tx, ana, "@bo for you", visibility=Choice.DIRECT)
    everybody = write(tx, ana, "@later for all")
    add_person(tx, "later")
    with pytest.raises(Invalid, match="Other people"):
        come_out(tx, stays)
    made = come_out(tx, some)
    assert made is not None
    assert set(posts.named_in(tx, made.id)) == {bo}
    assert come_out(tx, everybody) is not None, "its readers are the same, whoever is named"


def test_the_answers_of_a_poll_come_back_too(tx: Tx) -> None:
    helper = add_node(tx)
    ana = add_person(tx, "ana")
    made = write(tx, ana, "Which?", poll=NewPoll(("the red one", "the blue one"), 3600))
    told = give_back(tx, made, Invalid("It cannot be"), by=helper)
    assert "Which?" in told
    assert "the red one" in told
    assert "the blue one" in told


@pytest.mark.both
def test_what_waits_long_past_its_moment_is_found_to_be_forgotten(tx: Tx) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    first, second = write(tx, ana, "first"), write(tx, ana, "second", hours=2)
    assert scheduled.overdue(tx, soon(tx), 10) == [first]
    scheduled.forget_some(tx, [first])
    assert scheduled.by_id(tx, first) is None
    assert scheduled.by_id(tx, second) is not None
