"""A post that is taken out of its community by two at once is counted down once."""

import asyncio

import pytest

from domain.kinds import Acceptance
from social import announced, moderating, storing
from storage.database import Database
from storage.queries import limits, posts
from storage.tx import Tx
from storage.views.posts import PostRow
from tests.support.clubs import OPEN, Club

pytestmark = pytest.mark.both


class Answered:
    """A post in the club, and two answers to it that are counted."""

    def __init__(self, tx: Tx) -> None:
        club = Club(tx)
        self.club = club.actor
        self.post = club.write(club.ana).id
        written = [club.write(club.ana, "@club yes", reply_to_id=self.post) for _ in range(2)]
        self.answer = club.row(written[0].id)


def answers(tx: Tx, post_id: int) -> int:
    row = posts.by_id(tx, post_id)
    assert row is not None
    return row.replies_count


def test_Z09_two_stewards_at_once_count_down_once(tx: Tx) -> None:
    """Each read the row before the other was done."""
    story = Answered(tx)
    assert answers(tx, story.post) == 2
    assert moderating.hide(tx, story.club, story.answer)
    assert not moderating.hide(tx, story.club, story.answer)
    assert answers(tx, story.post) == 1


def test_Z09_a_steward_and_the_author_at_once_count_down_once(tx: Tx) -> None:
    story = Answered(tx)
    storing.remove(tx, story.answer)
    assert not moderating.hide(tx, story.club, story.answer)
    assert answers(tx, story.post) == 1


@pytest.mark.parametrize("first", ["the author", "the community"])
def test_Z09_a_community_elsewhere_and_the_author_at_once_count_down_once(
    tx: Tx, first: str
) -> None:
    story = Answered(tx)
    if first == "the author":
        storing.remove(tx, story.answer)
    said = announced._withdrawn(tx, OPEN, story.club, story.answer)
    assert (said is None) is (first == "the community")
    if first == "the community":
        storing.remove(tx, story.answer)
    assert announced._withdrawn(tx, OPEN, story.club, story.answer) is not None
    assert answers(tx, story.post) == 1


def test_a_community_elsewhere_takes_its_wrapper_from_what_is_withheld(tx: Tx) -> None:
    """Its author is suspended here: what the community took out does not come back with them."""
    story = Answered(tx)
    assert posts.share_of(tx, story.answer.id, story.club.id) is not None
    announced._withdrawn(tx, OPEN, story.club, _withheld(tx, story.answer))
    assert posts.share_of(tx, story.answer.id, story.club.id) is None


def _withheld(tx: Tx, row: PostRow) -> PostRow:
    limits.withhold(tx, row.author_id)
    found = posts.by_id(tx, row.id)
    assert found is not None
    assert found.acceptance is Acceptance.WITHHELD
    return found


async def test_Z09_many_who_take_it_out_at_once_count_down_once(database: Database) -> None:
    story = await database.write(Answered)
    done = await asyncio.gather(
        *(database.write(moderating.hide, story.club, story.answer) for _ in range(8)),
        *(database.write(storing.remove, story.answer) for _ in range(8)),
    )
    assert done.count(True) <= 1
    assert await database.read(answers, story.post) == 1
