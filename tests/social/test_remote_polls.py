"""Votes and polls of other servers: counted once, in any order; figures from whoever counts."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from activitypub.parse.polls import PollDocument, PolledOption
from domain.audience import Audience
from domain.errors import Invalid
from domain.kinds import NotificationKind, PostType
from social import remote_polls, tallies
from storage.tables.polls import votes
from storage.tx import Tx
from storage.views.posts import visible
from tests.social.asking import MANY, POLL, Asked, ask_the_world
from tests.support.factories import (
    add_block,
    add_community,
    add_membership,
    add_post,
    add_remote,
    member,
)

pytestmark = pytest.mark.both


@pytest.fixture
def asked(tx: Tx) -> Asked:
    return Asked(tx)


# Votes from elsewhere.


def test_O12_a_vote_from_elsewhere_is_counted_once(asked: Asked) -> None:
    post_id = ask_the_world(asked)
    assert asked.hear(asked.zoe, post_id, "Ethics") is None
    assert asked.hear(asked.zoe, post_id, "Ethics") == "they have voted before"
    assert asked.hear(asked.zoe, post_id, "Graphs") == "they have voted before"
    assert asked.hear(asked.yan, post_id, "Ethics") is None
    assert asked.figures(post_id) == ((0, 2, 0), 2)


def test_O12_late_unknown_and_several_are_dropped(asked: Asked) -> None:
    post_id = ask_the_world(asked)
    ends = asked.poll(post_id).ends_at
    assert ends is not None
    assert asked.hear(asked.zoe, post_id, "ethics") == "the poll has no such answer"
    assert asked.hear(asked.zoe, post_id, "Graphs", "Ethics") == "only one answer can be chosen"
    assert asked.hear(asked.zoe, post_id, "Ethics", at=ends) == "the poll has ended"
    assert asked.figures(post_id) == ((0, 0, 0), 0)
    assert asked.hear(asked.zoe, post_id, "Ethics", at=ends - 1) is None


def test_O11_an_unknown_poll_and_one_that_is_not_theirs_are_the_same(asked: Asked) -> None:
    hidden = asked.ask()  # the network's
    plain = add_post(asked.tx, asked.ana, Audience.public())
    foreign = add_post(
        asked.tx,
        asked.yan,
        Audience.public(),
        type=PostType.QUESTION,
        origin_id=2,
        uri="https://x/1",
    )
    blocked = ask_the_world(asked)
    add_block(asked.tx, asked.ana, asked.zoe)
    for post_id in (hidden, plain, foreign, blocked):
        assert asked.hear(asked.zoe, post_id, "Ethics") == remote_polls.UNKNOWN
    assert asked.hear(asked.yan, blocked, "Ethics") is None


def test_several_choices_from_elsewhere_come_in_any_number(asked: Asked) -> None:
    post_id = ask_the_world(asked, MANY)
    assert asked.hear(asked.zoe, post_id, "Graphs") is None
    assert asked.hear(asked.zoe, post_id, "Graphs", "Both") is None
    assert asked.figures(post_id) == ((1, 0, 1), 1)


_VOTES = st.lists(
    st.tuples(
        st.sampled_from(["zoe", "yan", "una"]), st.sampled_from(["Graphs", "Ethics", "Both"])
    ),
    max_size=12,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(votes=_VOTES, order=st.randoms(use_true_random=False), multiple=st.booleans())
def test_any_order_and_repetition_of_votes_counts_each_once(
    tx: Tx, votes: list[tuple[str, str]], order: Any, multiple: bool
) -> None:
    people = _crowd(tx)
    asked, ids = people
    post_id = ask_the_world(asked, MANY if multiple else POLL)
    heard = votes + votes
    order.shuffle(heard)
    expected: dict[str, set[str]] = {}
    for who, name in heard:
        chosen = expected.setdefault(who, set())
        if multiple or not chosen:
            chosen.add(name)
        asked.hear(ids[who], post_id, name)
    names = ("Graphs", "Ethics", "Both")
    counts = tuple(sum(name in chosen for chosen in expected.values()) for name in names)
    assert asked.figures(post_id) == (counts, len(expected))


_CROWDS: dict[int, tuple[Asked, dict[str, int]]] = {}


def _crowd(tx: Tx) -> tuple[Asked, dict[str, int]]:
    """The same people for all examples of one test."""
    known = _CROWDS.get(id(tx))
    if known is None or known[0].tx is not tx:
        asked = Asked(tx)
        ids = {"zoe": asked.zoe, "yan": asked.yan, "una": add_remote(tx, "una")}
        known = _CROWDS[id(tx)] = (asked, ids)
    return known


# What an author's server tells.


def _told(*votes: int | None, names: tuple[str, ...] = POLL.options, **more: Any) -> PollDocument:
    options = [PolledOption(n, n, v) for n, v in zip(names, votes, strict=True)]
    given: dict[str, Any] = {
        "multiple": False,
        "ends_at": None,
        "closed_at": None,
        "is_closed": False,
        "voters": 5,
        **more,
    }
    return PollDocument(options=tuple(options), **given)


def _foreign(asked: Asked, told: PollDocument) -> int:
    post_id = add_post(
        asked.tx,
        asked.zoe,
        Audience.public(),
        type=PostType.QUESTION,
        origin_id=asked.view(asked.zoe).origin_id,
        uri=f"https://far.example/q/{asked.tx.now}",
    )
    remote_polls.take(asked.tx, asked.row(post_id), told)
    return post_id


def test_figures_of_the_author_take_the_place_of_what_is_known(asked: Asked) -> None:
    post_id = _foreign(asked, _told(1, 2, 3))
    asked.vote(asked.bo, post_id, 0)
    assert asked.figures(post_id) == ((2, 2, 3), 6)  # until its author counts
    assert asked.sent("Create")[-1]["object"]["name"] == "Graphs"
    news = asked.hears_of(post_id, _told(2, 2, 4, voters=7))
    assert news is remote_polls.News.FIGURES
    assert asked.figures(post_id) == ((2, 2, 4), 7)
    again = asked.hears_of(post_id, _told(2, 2, 4, voters=7))
    assert again is remote_polls.News.NONE
    assert asked.poll(post_id, asked.bo).own == (0,)


def test_other_answers_of_the_author_forget_what_was_chosen(asked: Asked) -> None:
    post_id = _foreign(asked, _told(1, 2, 3))
    asked.vote(asked.bo, post_id, 0)
    told = _told(0, 0, names=("A", "B"), voters=0)
    news = asked.hears_of(post_id, told)
    assert news is remote_polls.News.ANSWERS
    assert (asked.figures(post_id), asked.poll(post_id, asked.bo).own) == (((0, 0), 0), ())


def test_an_edit_elsewhere_takes_a_poll_away_and_gives_one(asked: Asked) -> None:
    post_id = _foreign(asked, _told(1, 2, 3))
    asked.vote(asked.bo, post_id, 0)
    assert asked.hears_of(post_id, None, "Article") is remote_polls.News.NONE
    assert asked.hears_of(post_id, None, "Note") is remote_polls.News.ANSWERS
    assert visible(asked.tx, post_id, member(asked.bo)).poll is None
    assert asked.row(post_id).type is PostType.NOTE
    assert asked.hears_of(post_id, _told(0, 0, 1)) is remote_polls.News.ANSWERS
    assert asked.figures(post_id) == ((0, 0, 1), 5)
    asked.vote(asked.bo, post_id, 0)


def test_hidden_figures_are_shown_when_the_author_closes_the_poll(asked: Asked) -> None:
    post_id = _foreign(asked, _told(None, None, None))
    asked.vote(asked.bo, post_id, 0)
    assert not asked.poll(post_id).shows_totals
    told = _told(4, 0, 1, is_closed=True, closed_at=asked.tx.now)
    asked.hears_of(post_id, told)
    assert asked.poll(post_id).shows_totals
    assert asked.figures(post_id) == ((4, 0, 1), 5)
    assert (asked.bo, NotificationKind.POLL) in asked.told()


def test_a_poll_that_was_over_when_it_came_tells_nobody(asked: Asked) -> None:
    post_id = _foreign(asked, _told(1, 0, 0, ends_at=asked.tx.now - 5))
    assert asked.poll(post_id).is_over
    assert asked.jobs(tallies.CLOSE) == []
    with pytest.raises(Invalid):
        asked.vote(asked.bo, post_id, 0)


# What a community elsewhere did not count.


@pytest.mark.parametrize(
    ("told", "left"),
    [(None, ((0, 0, 0), 0)), ((1, 0, 0), ((1, 0, 0), 1)), ((0, 2, 0), ((0, 2, 0), 2))],
    ids=["before-any-figures", "figures-with-others", "other-answers"],
)
def test_O12_a_refused_vote_leaves_the_figures_of_the_community(
    asked: Asked, told: tuple[int, int, int] | None, left: tuple[tuple[int, ...], int]
) -> None:
    origin = asked.view(asked.zoe).origin_id
    place = add_community(asked.tx, "lift", origin_id=origin, base="https://far.example")
    for who in (asked.bo, asked.zoe):
        add_membership(asked.tx, place, who)
    given: dict[str, Any] = {
        "origin_id": origin,
        "uri": "https://far.example/q/in",
        "place_id": place,
    }
    audience = Audience.community(place)
    post_id = add_post(asked.tx, asked.zoe, audience, type=PostType.QUESTION, **given)
    remote_polls.take(asked.tx, asked.row(post_id), _told(0, 0, 0, voters=0))
    asked.vote(asked.bo, post_id, 0)
    assert asked.figures(post_id) == ((1, 0, 0), 1)
    if told is not None:  # they take the place of our own guess
        figures = _told(*told, voters=sum(told))
        community, at = asked.view(place), asked.tx.now
        said: dict[str, Any] = {"community": community, "post_uri": given["uri"], "at": at}
        assert remote_polls.take_tally(asked.tx, told=figures, **said) is None
    vote = asked.tx.scalar(select(votes.c.uri))
    assert vote is not None
    for first in (True, False):
        assert remote_polls.refused(asked.tx, actor_id=asked.bo, activity_uri=vote) is first
    assert asked.figures(post_id) == left
    assert asked.poll(post_id, asked.bo).own == ()
