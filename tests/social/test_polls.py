"""Asking and voting by people here: what is refused, and what it changes."""

import orjson
import pytest

from domain.audience import Audience, Viewer
from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import Acceptance, NotificationKind, PostType
from domain.polls import LONGEST_OPTION, LONGEST_S, MOST_OPTIONS, NewPoll
from social import polls, tallies
from social.posts import Change, Draft, create_post, delete_post, edit_post
from social.streaming import TOPIC
from storage.tx import Tx
from storage.views.posts import visible
from storage.views.versions import former_versions
from tests.social.asking import MANY, POLL, Asked, ask_the_world
from tests.support.factories import (
    NODE,
    add_block,
    add_post,
    guest,
    member,
)

pytestmark = pytest.mark.both


@pytest.fixture
def asked(tx: Tx) -> Asked:
    return Asked(tx)


# Asking.


def test_a_poll_stands_beside_its_post(asked: Asked) -> None:
    post_id = asked.ask()
    seen = visible(asked.tx, post_id, member(asked.bo))
    assert seen.row.type is PostType.QUESTION
    assert seen.poll is not None
    assert seen.poll.names == ("Graphs", "Ethics", "Both")
    assert seen.poll.ends_at == asked.tx.now + 3_600_000
    assert asked.jobs(tallies.CLOSE) == [{"post": post_id, "ends": seen.poll.ends_at}]


def _poll(*names: str, lasts: int = 3600) -> NewPoll:
    return NewPoll(names, lasts)


@pytest.mark.parametrize(
    "wish",
    [
        _poll("one"),
        _poll("one", "  "),
        _poll(*(f"{number}" for number in range(MOST_OPTIONS + 1))),
        _poll("one", "x" * (LONGEST_OPTION + 1)),
        _poll("same", " same "),
        _poll("one", "two", lasts=299),
        _poll("one", "two", lasts=LONGEST_S + 1),
    ],
    ids=["one", "blank", "many", "long", "twice", "short", "for-ever"],
)
def test_a_poll_that_cannot_be_is_refused(asked: Asked, wish: NewPoll) -> None:
    with pytest.raises(Invalid):
        asked.ask(wish)


def test_the_longest_poll_there_may_be(asked: Asked) -> None:
    names = tuple(f"{number}".rjust(LONGEST_OPTION, "x") for number in range(MOST_OPTIONS))
    assert asked.poll(asked.ask(NewPoll(names, LONGEST_S))).names == names


def test_answers_are_lines_of_plain_text(asked: Asked) -> None:
    post_id = asked.ask(_poll("<b>bold</b>", "two\nlines\u202e"))
    assert asked.poll(post_id).names == ("<b>bold</b>", "two lines")


# Voting.


def test_a_vote_is_counted_and_known_to_the_voter_alone(asked: Asked) -> None:
    post_id = asked.ask()
    asked.vote(asked.bo, post_id, 1)
    assert asked.figures(post_id) == ((0, 1, 0), 1)
    assert asked.poll(post_id, asked.bo).own == (1,)
    assert asked.poll(post_id, asked.cy).own == ()
    assert asked.sent("Create") == asked.sent("Create")[:1]  # the poll's own: a vote leaves nothing


def test_several_choices_are_one_voter(asked: Asked) -> None:
    post_id = asked.ask(MANY)
    asked.vote(asked.bo, post_id, 2, 0, 2)
    asked.vote(asked.cy, post_id, 0)
    assert asked.figures(post_id) == ((2, 0, 1), 2)
    assert asked.poll(post_id, asked.bo).own == (0, 2)


@pytest.mark.parametrize(
    ("choices", "words"),
    [((), "choose"), ((3,), "no such"), ((-1,), "no such"), ((0, 1), "Only one")],
    ids=["none", "unknown", "negative", "two"],
)
def test_O12_a_choice_that_cannot_be_is_refused(
    asked: Asked, choices: tuple[int, ...], words: str
) -> None:
    post_id = asked.ask()
    with pytest.raises(Invalid, match=words):
        asked.vote(asked.bo, post_id, *choices)
    assert asked.figures(post_id) == ((0, 0, 0), 0)


def test_O12_nobody_votes_twice_or_in_their_own_poll_or_late(asked: Asked) -> None:
    post_id = asked.ask(MANY)
    asked.vote(asked.bo, post_id, 1)
    with pytest.raises(Invalid, match="already voted"):
        asked.vote(asked.bo, post_id, 2)
    with pytest.raises(Invalid, match="own poll"):
        asked.vote(asked.ana, post_id, 0)
    ends = asked.poll(post_id).ends_at
    assert ends is not None
    tallies.close(asked.tx, node=NODE, post_id=post_id, ends=ends)
    with pytest.raises(Invalid, match="ended"):
        asked.vote(asked.cy, post_id, 0)
    assert asked.figures(post_id) == ((0, 1, 0), 1)


def test_O11_who_may_not_read_a_poll_finds_none(asked: Asked) -> None:
    post_id = asked.ask()  # for this network: guests and strangers do not read it
    plain = add_post(asked.tx, asked.ana, Audience.public())
    with pytest.raises(NotFound):
        asked.vote(asked.gina, post_id, 0)
    with pytest.raises(NotFound):
        asked.vote(asked.bo, plain, 0)
    add_block(asked.tx, asked.ana, asked.cy)
    with pytest.raises(NotFound):
        asked.vote(asked.cy, post_id, 0)
    assert guest(asked.gina).full is False
    assert asked.figures(post_id) == ((0, 0, 0), 0)


def test_what_a_community_has_not_taken_in_is_not_voted_in(asked: Asked) -> None:
    post_id = add_post(
        asked.tx,
        asked.bo,
        Audience.public(),
        type=PostType.QUESTION,
        acceptance=Acceptance.WAITING,
    )
    polls.make(asked.tx, asked.row(post_id), POLL)
    with pytest.raises((NotAllowed, NotFound)):
        asked.vote(asked.cy, post_id, 0)


# Telling.


def test_figures_are_told_later_and_once_for_many_votes(asked: Asked) -> None:
    post_id = ask_the_world(asked)
    asked.hear(asked.zoe, post_id, "Ethics")
    asked.hear(asked.yan, post_id, "Both")
    asked.vote(asked.bo, post_id, 1)
    assert asked.jobs(tallies.TALLY) == [post_id]
    tallies.tell(asked.tx, node=NODE, post_id=post_id)
    assert asked.poll(post_id).told_at == asked.tx.now


def test_who_looks_at_a_poll_sees_figures_come(asked: Asked) -> None:
    post_id = ask_the_world(asked)
    asked.vote(asked.bo, post_id, 1)
    edited = (TOPIC, orjson.dumps(["status.update", post_id, 0, ""]))
    assert edited not in asked.tx.notices  # one event for many votes
    tallies.tell(asked.tx, node=NODE, post_id=post_id)
    assert edited in asked.tx.notices


def test_a_poll_ends_once_and_tells_voters_and_author(asked: Asked) -> None:
    post_id = asked.ask()
    asked.vote(asked.bo, post_id, 1)
    ends = asked.poll(post_id).ends_at
    assert ends is not None
    tallies.close(asked.tx, node=NODE, post_id=post_id, ends=ends - 1)
    assert asked.poll(post_id).closed_at is None  # its end was moved meanwhile
    before = asked.row(post_id).version
    tallies.close(asked.tx, node=NODE, post_id=post_id, ends=ends)
    ended = {who for who, kind in asked.told() if kind is NotificationKind.POLL}
    assert ended == {asked.ana, asked.bo}
    assert asked.poll(post_id).closed_at == ends
    assert asked.row(post_id).version > before
    tallies.close(asked.tx, node=NODE, post_id=post_id, ends=ends)
    assert len([one for one in asked.told() if one[1] is NotificationKind.POLL]) == 2


def test_nobody_is_told_of_a_poll_that_was_deleted(asked: Asked) -> None:
    post_id = asked.ask()
    asked.vote(asked.bo, post_id, 1)
    ends = asked.poll(post_id).ends_at
    assert ends is not None
    delete_post(asked.tx, node=NODE, author_id=asked.ana, post_id=post_id)
    tallies.close(asked.tx, node=NODE, post_id=post_id, ends=ends)
    tallies.tell(asked.tx, node=NODE, post_id=post_id)
    assert NotificationKind.POLL not in {kind for _, kind in asked.told()}


# Changing.


def test_other_answers_begin_anew(asked: Asked) -> None:
    post_id = asked.ask()
    asked.vote(asked.bo, post_id, 1)
    change = Change(poll=NewPoll(("Graphs", "Trees"), 7200))
    edit_post(asked.tx, node=NODE, author_id=asked.ana, post_id=post_id, change=change)
    assert asked.figures(post_id) == ((0, 0), 0)
    asked.vote(asked.bo, post_id, 0)
    assert asked.poll(post_id).names == ("Graphs", "Trees")
    versions = former_versions(asked.tx, post_id, Viewer.local(asked.bo, full=True))
    assert [one.answers for one in versions] == [("Graphs", "Ethics", "Both")]


def test_the_same_answers_keep_their_votes(asked: Asked) -> None:
    post_id = asked.ask()
    asked.vote(asked.bo, post_id, 1)
    edit_post(
        asked.tx,
        node=NODE,
        author_id=asked.ana,
        post_id=post_id,
        change=Change(text="@bo which one?", poll=NewPoll(POLL.options, 7200)),
    )
    assert asked.figures(post_id) == ((0, 1, 0), 1)
    assert asked.poll(post_id).ends_at == asked.tx.now + 7_200_000


def test_an_edit_gives_a_post_a_poll(asked: Asked) -> None:
    made = create_post(asked.tx, node=NODE, author_id=asked.ana, draft=Draft("no poll"))
    edit_post(
        asked.tx,
        node=NODE,
        author_id=asked.ana,
        post_id=made.post_id,
        change=Change(poll=POLL),
    )
    assert asked.row(made.post_id).type is PostType.QUESTION
    asked.vote(asked.bo, made.post_id, 1)
    assert asked.figures(made.post_id) == ((0, 1, 0), 1)
    assert len(asked.jobs(tallies.CLOSE)) == 1
