"""Two who act at the same moment leave one state, on both databases."""

import asyncio
from typing import Any

import pytest

from domain.errors import Problem
from domain.kinds import FollowState, MembershipState
from social import memberships
from storage.database import Database
from storage.queries import communities, follows
from storage.tx import Tx
from tests.social.belonging import Story
from tests.support.clubs import OPEN
from tests.support.factories import add_person


@pytest.mark.both
async def test_Z_two_stewards_answer_at_once_and_the_person_leaves(database: Database) -> None:
    def begin(tx: Tx) -> tuple[Story, int]:
        story = Story(tx).launched()
        dee = add_person(tx, "dee")
        story.follow(dee)
        return story, dee

    story, dee = await database.write(begin)
    pair: dict[str, Any] = {"node": OPEN, "community_id": story.id, "actor_id": dee}
    done = await asyncio.gather(
        database.write(memberships.approve, **pair, by_id=story.ana),
        database.write(memberships.refuse, **pair, by_id=story.bo),
        database.write(memberships.approve, **pair, by_id=story.bo),
        database.write(memberships.leave, **pair),
        return_exceptions=True,
    )
    assert all(one is None or isinstance(one, bool | Problem) for one in done)

    def end(tx: Tx) -> tuple[MembershipState | None, FollowState | None]:
        row, follow = communities.member(tx, story.id, dee), follows.find(tx, dee, story.id)
        return row.state if row else None, follow.state if follow else None

    state, follow = await database.read(end)
    assert (state is MembershipState.ACTIVE) == (follow is FollowState.ACCEPTED)
    assert follow is None or state is MembershipState.ACTIVE
