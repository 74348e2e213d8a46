"""Communities across nodes, made as people and operators make them."""

from typing import Any

from domain.kinds import AgreementKind, Preset
from domain.roles import CommunityRole
from federation.discovery import find_actor
from social import communities as use
from social import memberships
from storage.queries import actors, communities, origins
from storage.queries.communities import MemberRow
from storage.tables.origins import agreements
from storage.tx import Tx
from tests.support.factories import AGREED, put
from tests.support.nodes import Json, Person, RunningNode, until
from tests.together.stories import application_of


async def become_partners(one: RunningNode, other: RunningNode) -> None:
    """An agreement on both sides, as if both admins had signed it a moment ago (protocol §3)."""
    for node, peer in ((one, other), (other, one)):
        await find_actor(node.parts.fetcher, await application_of(peer))
        await node.db.write(_agree, peer.origin)


def _agree(tx: Tx, origin: str) -> None:
    put(
        tx,
        agreements,
        origin_id=origins.origin_id(tx, origin),
        kind=AgreementKind.PARTNER,
        since=tx.now,
        until=None,
        active=True,
        **AGREED,
    )


class Community:
    """A community of a running node, and how the test looks at it."""

    def __init__(self, node: RunningNode, identifier: int, handle: str) -> None:
        self.node = node
        self.id = identifier
        self.handle = handle

    @property
    def acct(self) -> str:
        """How others elsewhere write it."""
        return f"@{self.handle}@{self.node.host}"

    @property
    def uri(self) -> str:
        """The actor's id."""
        return f"{self.node.origin}/a/{self.id}"

    async def member(self, uri: str, at: RunningNode | None = None) -> MemberRow | None:
        """How somebody stands to it, as its own node or another says."""
        return await (at or self.node).db.read(_member, self.uri, uri)

    async def has(self, uri: str, at: RunningNode | None = None) -> bool:
        """Whether somebody is an active member."""
        return await (at or self.node).db.read(_is_member, self.uri, uri)

    async def takes_in(self, uri: str, *also: RunningNode) -> None:
        """Wait until somebody belongs, as these nodes say."""
        for node in (self.node, *also):

            async def there(node: RunningNode = node) -> bool:
                return await self.has(uri, node)

            await until(there)

    async def loses(self, uri: str, *also: RunningNode) -> None:
        """Wait until somebody does not belong, as these nodes say."""
        for node in (self.node, *also):

            async def gone(node: RunningNode = node) -> bool:
                return not await self.has(uri, node)

            await until(gone)

    async def invite(self, actor_id: int, by: Person, **more: Any) -> None:
        """Invite somebody whom its node knows."""
        await self.node.db.write(
            memberships.invite,
            node=self.node.node,
            community_id=self.id,
            actor_id=actor_id,
            by_id=by.id,
            **more,
        )


def _member(tx: Tx, community_uri: str, uri: str) -> MemberRow | None:
    community, actor = actors.by_uri(tx, community_uri), actors.by_uri(tx, uri)
    if community is None or actor is None:
        return None
    return communities.member(tx, community.id, actor.id)


def _is_member(tx: Tx, community_uri: str, uri: str) -> bool:
    row = _member(tx, community_uri, uri)
    return row is not None and row.is_active(tx.now)


async def found(
    node: RunningNode,
    founder: Person,
    second: Person,
    *,
    handle: str = "safe-lifting",
    preset: Preset = Preset.PARTNERS,
    **more: Any,
) -> Community:
    """A launched community with two stewards who live on its node."""
    identifier = await node.db.write(
        use.found,
        node=node.node,
        handle=handle,
        name="Safe lifting",
        purpose="Lift without pain",
        preset=preset,
        by_id=founder.id,
        keys=node.parts.keyring.make(),
        **more,
    )
    community = Community(node, identifier, handle)
    await community.invite(second.id, founder, role=CommunityRole.STEWARD)
    await second.post(f"/api/v1/accounts/{identifier}/follow")
    await node.db.write(use.launch, community_id=identifier, by_id=founder.id)
    return community


async def note_for(person: Person, words: str) -> Json:
    """Wait until the helper of the person's node, or of another, wrote these words; the status."""
    found: list[Json] = []

    async def there() -> bool:
        shown = [one["status"] for one in await person.notifications() if one.get("status")]
        found[:] = [status for status in shown if words in status["content"]]
        return bool(found)

    try:
        await until(there)
    except TimeoutError:
        heard = [one["status"]["content"] for one in await person.notifications()]
        raise AssertionError(f"not {words!r} but {heard}") from None
    return found[0]


def helper_of(node: RunningNode) -> str:
    """How somebody elsewhere writes the helper."""
    return f"@tertulia@{node.host}"
