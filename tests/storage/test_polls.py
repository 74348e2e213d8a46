"""Polls as rows: beside a page of posts in one statement, and gone with their posts."""

from typing import Any

import pytest
from sqlalchemy import select

from domain.audience import Audience
from domain.kinds import PostType
from domain.polls import NewPoll
from social import polls as asking
from storage.queries import erasing, polls, posts, purging, tallies
from storage.tables import polls as tables
from storage.tx import Tx
from storage.views.posts import load
from tests.storage.test_post_views import Counting
from tests.support.factories import (
    add_community,
    add_node,
    add_person,
    add_post,
    add_remote,
    add_share,
    member,
)

pytestmark = pytest.mark.both

POLL = NewPoll(("A", "B"), 3600)
_ROWS = [select(table.c.post_id) for table in (tables.polls, tables.poll_options, tables.votes)]


def add_poll(tx: Tx, author: int, audience: Audience | None = None, **values: Any) -> int:
    post_id = add_post(tx, author, audience, type=PostType.QUESTION, **values)
    row = posts.by_id(tx, post_id)
    assert row is not None
    asking.make(tx, row, POLL)
    return post_id


def vote(tx: Tx, post_id: int, actor: int, number: int) -> bool:
    poll = polls.of_post(tx, post_id)
    assert poll is not None
    return polls.vote(tx, poll, actor, number, "")


def test_one_poll_and_forty_cost_the_same_and_none_costs_nothing(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    public = Audience.public()
    plain = [add_post(tx, ana, public) for _ in range(3)]
    asked = [add_poll(tx, ana, public) for _ in range(20)]
    shares = [add_share(tx, bo, post_id) for post_id in asked]
    vote(tx, asked[0], bo, 1)

    def cost(ids: list[int]) -> int:
        counting = Counting(tx)
        found = load(counting, ids, member(bo))  # type: ignore[arg-type]
        assert len(found) == len(ids)
        return len(counting.statements)

    without = cost(plain)
    assert cost([asked[0]]) == cost([*asked, *shares]) == without + 1
    assert cost(plain[:1]) == without


def test_a_shared_poll_comes_with_the_viewers_own_choice(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    post_id = add_poll(tx, ana, Audience.public())
    share = add_share(tx, ana, post_id)
    vote(tx, post_id, bo, 1)
    for viewer, own in ((bo, (1,)), (ana, ())):
        [found] = load(tx, [share], member(viewer))
        assert found.poll is None
        assert found.shown.poll is not None
        assert found.shown.poll.own == own
    assert polls.choices(tx, bo, [post_id, share]) == {post_id: (1,)}


def test_O12_one_choice_each_is_a_rule_of_the_table(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    post_id = add_poll(tx, ana)
    assert vote(tx, post_id, bo, 0)
    assert not vote(tx, post_id, bo, 1)
    assert not vote(tx, post_id, bo, 0)
    found = polls.of_post(tx, post_id)
    assert found is not None
    assert ([one.votes for one in found.options], found.voters) == ([1, 0], 1)


def test_what_was_erased_leaves_no_answers_and_no_choices(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    gone, kept = add_poll(tx, ana, deleted_at=tx.now), add_poll(tx, ana)
    for post_id in (gone, kept):
        vote(tx, post_id, bo, 0)
    erasing.erase(tx, [gone])
    for statement in _ROWS:
        assert {row[0] for row in tx.all(statement)} == {kept}


def test_a_purge_takes_polls_of_others_and_what_was_told_of_ours(tx: Tx) -> None:
    add_node(tx)
    ana, cy = add_person(tx, "ana"), add_remote(tx, "cy")
    club = add_community(tx, "club", origin_id=2, base="https://far.example")
    inside = Audience.community(club)
    theirs = add_poll(tx, cy, inside, place_id=club, origin_id=2)
    ours = add_poll(tx, ana, inside, place_id=club)
    elsewhere = add_poll(tx, ana)
    for post_id in (theirs, ours, elsewhere):
        vote(tx, post_id, cy, 0)
    figures = tallies.Figures(closed=False, voters=1, names=("A", "B"), votes=(1, 0))
    assert tallies.keep(tx, club, "https://far.example/o/1", tx.now, figures)
    purging.forget_posts(tx, club, [theirs])
    purging.forget_rest(tx, club)
    assert polls.of_post(tx, theirs) is None
    assert tallies.newest(tx, club, "https://far.example/o/1") is None
    shown = {post_id: polls.of_post(tx, post_id) for post_id in (ours, elsewhere)}
    counts = {post_id: poll.options[0].votes for post_id, poll in shown.items() if poll}
    assert counts == {ours: 0, elsewhere: 1}


def test_the_newest_tally_is_kept_in_any_order(tx: Tx) -> None:
    def told(at: int, votes: int) -> bool:
        figures = tallies.Figures(closed=False, voters=votes, names=("A", "B"), votes=(votes, 0))
        return tallies.keep(tx, 7, "https://far.example/o/1", at, figures)

    assert [told(5, 2), told(9, 4), told(7, 3), told(9, 8)] == [True, True, False, False]
    known = tallies.newest(tx, 7, "https://far.example/o/1")
    assert known is not None
    assert (known[0], known[1].votes) == (9, (4, 0))


def test_who_is_gone_is_forgotten_and_the_figures_stay(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    post_id = add_poll(tx, ana)
    vote(tx, post_id, bo, 1)
    polls.forget_voter(tx, bo)
    found = polls.of_post(tx, post_id, bo)
    assert found is not None
    assert (found.own, found.options[1].votes) == ((), 1)
