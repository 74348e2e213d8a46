"""A community on a running node, for tests of what is shown of it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, update

from domain.kinds import Acceptance, MembershipState, Preset
from domain.roles import CommunityRole
from social import communities, memberships
from storage.queries.communities import active_members
from storage.tables.communities import memberships as member_table
from storage.tables.posts import posts
from storage.tx import Tx
from tests.support.nodes import Person, RunningNode

YEAR_MS = 365 * 24 * 3600 * 1000

_STATE = (
    update(member_table)
    .where(member_table.c.actor_id == bindparam("who"))
    .values(state=bindparam("state"))
)
_ACCEPTANCE = (
    update(posts)
    .where(posts.c.id == bindparam("post"))
    .values(acceptance=bindparam("acceptance"), version=posts.c.version + 1)
)


@dataclass
class Club:
    """A members' community and the node that it lives on."""

    node: RunningNode
    id: int

    @property
    def list(self) -> str:
        """The id of its list."""
        return f"g{self.id}"

    @property
    def timeline(self) -> str:
        """Where its list is read."""
        return f"/api/v1/timelines/list/{self.list}"

    async def add(self, *people: Person, role: CommunityRole = CommunityRole.MEMBER) -> None:
        """Make people members; guests with a sponsor, for a long time."""
        for person in people:
            await self.node.db.write(_add, club=self, actor_id=person.id, role=role)

    async def end(self, person: Person) -> None:
        """End a membership as bluntly as a row can."""
        await self.node.db.write(_set_state, who=person.id, state=MembershipState.REMOVED)

    async def hold_back(self, status: Any, acceptance: Acceptance) -> None:
        """Make a post what a community elsewhere has not taken in."""
        await self.node.db.write(_accept, post=int(status["id"]), acceptance=acceptance)


def _add(tx: Tx, *, club: Club, actor_id: int, role: CommunityRole) -> None:
    memberships.add(
        tx,
        node=club.node.node,
        community_id=club.id,
        actor_id=actor_id,
        by_id=0,
        role=role,
        until=tx.now + YEAR_MS,
        sponsor_id=_steward(tx, club.id),
    )


def _steward(tx: Tx, community_id: int) -> int:
    return active_members(tx, community_id)[0].actor_id


def _set_state(tx: Tx, *, who: int, state: MembershipState) -> None:
    tx.change(_STATE, who=who, state=state)


def _accept(tx: Tx, *, post: int, acceptance: Acceptance) -> None:
    tx.change(_ACCEPTANCE, post=post, acceptance=acceptance)


async def found_club(
    steward: Person,
    *members: Person,
    handle: str = "club",
    listed: bool = True,
    preset: Preset = Preset.MEMBERS,
) -> Club:
    """A community called Safe Lifting; with a member, who is its other steward, it is launched."""
    node = steward.node
    keys = await node.parts.keyring.generate()
    identifier = await node.db.write(
        communities.found,
        node=node.node,
        handle=handle,
        name="Safe Lifting",
        purpose="To lift without harm",
        preset=preset,
        by_id=steward.id,
        keys=keys,
        listed=listed,
    )
    club = Club(node, identifier)
    await club.add(*members, role=CommunityRole.STEWARD)
    if members:
        await node.db.write(communities.launch, community_id=identifier, by_id=steward.id)
    return club
