"""What stands on one's own page, changed by two units at the same time, on both databases."""

import pytest

from domain.errors import Invalid
from social import endorsements, featured_tags, follows
from storage.database import Database
from storage.queries import endorsements as endorsed
from storage.queries import featured_tags as featured
from storage.tx import Tx
from tests.support.factories import NODE, add_follow, add_node, add_person, member
from tests.support.overlapping import overlapping

pytestmark = pytest.mark.both


async def test_R07_a_page_has_no_more_tags_than_it_may(database: Database) -> None:
    def begin(tx: Tx) -> int:
        add_node(tx)
        ana = add_person(tx, "ana")
        for number in range(featured_tags.MOST - 1):
            featured_tags.feature(tx, actor_id=ana, name=f"t{number}")
        return ana

    ana = await database.write(begin)
    with pytest.raises(Invalid, match="Take one down"):
        await overlapping(
            database,
            lambda tx: featured_tags.feature(tx, actor_id=ana, name="one"),
            lambda tx: featured_tags.feature(tx, actor_id=ana, name="another"),
        )
    assert await database.read(featured.count, ana) == featured_tags.MOST


@pytest.mark.parametrize("first", ["endorse", "unfollow"])
async def test_an_endorsement_ends_with_a_follow_that_ends_at_the_same_time(
    database: Database, first: str
) -> None:
    def begin(tx: Tx) -> tuple[int, int]:
        add_node(tx)
        ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
        add_follow(tx, ana, bo)
        return ana, bo

    ana, bo = await database.write(begin)

    def endorse(tx: Tx) -> None:
        # As if the follow had been looked at before the other unit was stored.
        endorsed.add(tx, ana, bo)

    def unfollow(tx: Tx) -> None:
        follows.unfollow(tx, node=NODE, follower_id=ana, target_id=bo)

    acts = (endorse, unfollow) if first == "endorse" else (unfollow, endorse)
    await overlapping(database, *acts)
    assert await database.read(endorsed.count, ana) == 0


def test_what_stands_on_a_follow_is_told_while_it_stands(tx: Tx) -> None:
    add_node(tx)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    endorsed.add(tx, ana, bo)
    assert endorsed.count(tx, ana) == 0, "nobody recommends whom they do not follow"
    add_follow(tx, ana, bo)
    for _ in range(2):
        endorsements.endorse(tx, viewer=member(ana), target_id=bo)
    assert endorsed.endorsed(tx, ana, [bo]) == {bo}
