"""Who was shut out of an open community, and closed threads: whichever way somebody comes."""

import pytest

from activitypub.parse.polls import VoteDocument
from domain.audience import Audience
from domain.errors import NotAllowed
from domain.kinds import Deed, PostType
from domain.polls import NewPoll
from domain.roles import CommunityRole
from social import moderating, polls, reactions, remote_polls
from social.open_communities import SHUT_OUT
from storage.queries import closed, communities, likes
from storage.queries import polls as stored
from storage.tx import Tx
from tests.support.factories import NODE, add_membership, add_post, add_remote, add_wrapper
from tests.support.squares import Square

pytestmark = pytest.mark.both

_POLL = NewPoll(("Graphs", "Ethics"), 3600)


@pytest.fixture
def square(tx: Tx) -> Square:
    return Square(tx)


# Words.


def test_a_closed_thread_takes_no_answer_whichever_way_it_comes(square: Square) -> None:
    root = square.row(square.thread())
    before = square.note("before", inReplyTo=root.uri)
    assert square.comes(before) is not None
    closed.close(square.tx, root.id, community_id=square.square, by_id=square.ana)
    for wanted in (True, False):
        assert square.comes(square.note("after", inReplyTo=root.uri), wanted=wanted) is None
        assert square.comes(square.note("below", inReplyTo=before.id), wanted=wanted) is None
    assert square.comes(before) is not None  # it was there
    closed.reopen(square.tx, root.id)
    assert square.comes(square.note("after", inReplyTo=root.uri)) is not None


def test_who_is_shut_out_answers_in_no_way(square: Square) -> None:
    root = square.row(square.thread())
    yan = add_remote(square.tx, "yan")
    square.shuts_out(square.zoe)
    for wanted in (True, False):
        assert square.comes(square.note("zoe", inReplyTo=root.uri), wanted=wanted) is None
    answer = square.comes(square.note("yan", by=yan, inReplyTo=root.uri), by=yan)
    assert answer is not None
    assert answer.place_id == square.square


# Votes and likes.


def _poll(square: Square) -> int:
    post_id = square.thread(type=PostType.QUESTION)
    polls.make(square.tx, square.row(post_id), _POLL)
    return post_id


def _hear(square: Square, who: int, post_id: int) -> str | None:
    uri = square.row(post_id).uri
    return remote_polls.receive_vote(
        square.tx,
        node=NODE,
        vote=VoteDocument(id="https://far.example/v", in_reply_to=uri, names=("Ethics",)),
        signer=square.view(who),
        uri=f"https://far.example/act/{who}",
        received_at=square.tx.now,
    )


def test_who_is_shut_out_does_not_vote_from_elsewhere(square: Square) -> None:
    post_id, yan = _poll(square), add_remote(square.tx, "yan")
    square.shuts_out(square.zoe)
    assert _hear(square, square.zoe, post_id) == SHUT_OUT
    assert _hear(square, yan, post_id) is None
    poll = stored.of_post(square.tx, post_id)
    assert poll is not None
    assert poll.voters == 1


def test_who_is_shut_out_does_not_vote_here(square: Square) -> None:
    post_id = _poll(square)
    square.shuts_out(square.cy)
    with pytest.raises(NotAllowed, match="shut you out"):
        polls.vote(square.tx, node=NODE, actor_id=square.cy, post_id=post_id, choices=[1])
    assert not stored.has_voted(square.tx, post_id, square.cy)
    polls.vote(square.tx, node=NODE, actor_id=square.bo, post_id=post_id, choices=[1])
    assert stored.has_voted(square.tx, post_id, square.bo)


def test_who_is_shut_out_does_not_like_here_and_takes_back(square: Square) -> None:
    post_id, earlier = square.thread(), square.thread()
    reactions.like(square.tx, node=NODE, actor_id=square.cy, post_id=earlier)
    square.shuts_out(square.cy)
    for emoji in ("", "🎉"):
        with pytest.raises(NotAllowed, match="shut you out"):
            reactions.like(square.tx, node=NODE, actor_id=square.cy, post_id=post_id, emoji=emoji)
    assert likes.of(square.tx, square.cy, post_id) is None
    reactions.unlike(square.tx, node=NODE, actor_id=square.cy, post_id=earlier)
    assert likes.of(square.tx, square.cy, earlier) is None
    own_page = add_post(square.tx, square.ana, Audience.public())
    for who, liked in ((square.cy, own_page), (square.bo, post_id)):
        reactions.like(square.tx, node=NODE, actor_id=who, post_id=liked)
        assert likes.of(square.tx, who, liked) is not None


# What they had written.


@pytest.mark.parametrize("role", [CommunityRole.STEWARD, CommunityRole.MEMBER, None], ids=str)
def test_posts_are_taken_out_whatever_became_of_the_steward_who_said_so(
    square: Square, role: CommunityRole | None
) -> None:
    spam = []
    for name in ("one", "two"):
        row = square.comes(square.note(name, cc=[square.view(square.square).uri]))
        assert row is not None
        assert row.place_id == square.square
        add_wrapper(square.tx, square.square, row.id)
        spam.append(row.id)
    if role is not None:
        add_membership(square.tx, square.square, square.cy, role=role)
    more = moderating.take_out_all(
        square.tx,
        node=NODE,
        community_id=square.square,
        author_id=square.zoe,
        by_id=square.cy,
        reason="spam",
    )
    assert not more
    assert [square.row(one).is_accepted for one in spam] == [False, False]
    logged = communities.log_of(square.tx, square.square)
    assert {(one.deed, one.by_id, one.reason) for one in logged} == {
        (Deed.WITHDRAWN, square.cy, "spam")
    }
    assert {one.about_id for one in logged} == set(spam)
