"""A community that two nodes share, and with whom a node has been in contact."""

import orjson
from msgspec.structs import replace
from sqlalchemy import bindparam, select, update

from domain.choices import Choice
from domain.kinds import History, MembershipState, Preset, Way
from federation.discovery import find_actor
from outbox.publish import FAN_OUT
from social import cards, communities
from social.posts import Draft, create_post
from storage.queries import actors, posts
from storage.queries import communities as stored
from storage.queries.activities import activity, set_body
from storage.queries.disclosures import disclose
from storage.queries.origins import remember_software
from storage.tables.actors import actors as actors_table
from storage.tables.actors import keys
from storage.tables.jobs import jobs
from storage.tables.origins import origins
from storage.tables.traffic import activities
from storage.tx import Tx
from storage.views.posts import PostRow
from tests.support.factories import add_follow, add_membership, put_community
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.together.stories import known

_FANS = select(jobs.c.id, jobs.c.payload).where(jobs.c.kind == FAN_OUT)
_SET = update(jobs).where(jobs.c.id == bindparam("key")).values(payload=bindparam("payload"))
_SENT = select(activities.c.body).order_by(activities.c.id)
_CONTACTS = (
    select(origins.c.origin)
    .join(actors_table, actors_table.c.origin_id == origins.c.id)
    .join(keys, keys.c.actor_id == actors_table.c.id)
    .distinct()
)


class Club:
    """A community on hq, with ana there and cy on lab: membership as both nodes would write it."""

    def __init__(self, hq: RunningNode, lab: RunningNode, ana: Person, cy: Person) -> None:
        self.hq, self.lab, self.ana, self.cy = hq, lab, ana, cy
        self.id = self.there = 0
        self.uri = ""

    @classmethod
    async def made(cls, nodes: Nodes, history: History = History.ALL) -> "Club":
        hq, lab = await nodes.start("hq"), await nodes.start("lab")
        club = cls(hq, lab, await known(hq, "ana"), await known(lab, "cy"))
        keys = await hq.parts.keyring.generate()
        club.id = await hq.db.write(
            communities.found,
            node=hq.node,
            handle="club",
            name="Club",
            purpose="To learn",
            preset=Preset.PARTNERS,
            by_id=club.ana.id,
            keys=keys,
            history=history,
        )
        club.uri = hq.node.actor(club.id)
        club.there = await club.joins(lab, club.cy)
        return club

    async def joins(self, node: RunningNode, person: Person) -> int:
        """Somebody of another node belongs from now on; the community's id there."""
        known_as = await find_actor(self.hq.parts.fetcher, person.uri)
        await self.hq.db.write(self._join_there, known_as.id)
        group = await find_actor(node.parts.fetcher, self.uri)
        await node.db.write(self._join_here, group.id, person.id)
        return group.id

    def _join_there(self, tx: Tx, cy: int) -> None:
        add_membership(tx, self.id, cy, way=Way.NODE)
        add_follow(tx, cy, self.id)
        origin = actors.by_id(tx, cy)
        assert origin is not None
        remember_software(tx, origin.origin_id, "tertulia")
        disclose(tx, [self.id], [origin.origin_id])
        cards.make(tx, self.hq.node, self.id, cy)
        cards.make(tx, self.hq.node, self.id, self.ana.id)

    def _join_here(self, tx: Tx, group: int, person: int) -> None:
        put_community(tx, group)
        add_membership(tx, group, person, way=Way.HERE)
        add_follow(tx, person, group)

    def removed(self, tx: Tx, cy: int) -> None:
        row = stored.member(tx, self.id, cy)
        assert row is not None
        stored.put_member(tx, replace(row, state=MembershipState.REMOVED))

    def unproven(self, tx: Tx, proof: Json = None) -> str:
        """Cy's post as if cy's node had forgotten its proof, or made a wrong one; its id."""
        draft = Draft(f"@club@{self.hq.host} unproven", visibility=Choice.PRIVATE)
        made = create_post(tx, node=self.lab.node, author_id=self.cy.id, draft=draft)
        row = posts.by_id(tx, made.post_id)
        assert row is not None
        for job, payload in tx.all(_FANS):
            given = orjson.loads(payload)
            given["reach"]["prove"] = False
            tx.run(_SET, key=job, payload=orjson.dumps(given))
            if proof is not None:
                found = activity(tx, given["activity"])
                assert found is not None
                method = f"{self.cy.uri}#ed25519-key"
                body = orjson.loads(found[2])
                body["proof"] = {
                    **proof,
                    "verificationMethod": method,
                    "@context": body["@context"],
                }
                set_body(tx, given["activity"], orjson.dumps(body))
        return row.uri

    async def row(self, node: RunningNode, uri: str) -> PostRow | None:
        return await node.db.read(posts.by_uri, uri)

    async def accepted(self, uri: str) -> PostRow:
        """Wait until cy's node knows that the community took a post in."""
        found: PostRow | None = None

        async def so() -> bool:
            nonlocal found
            found = await self.row(self.lab, uri)
            return found is not None and found.is_accepted

        await until(so)
        assert found is not None
        return found

    async def sent(self, node: RunningNode, kind: str) -> list[Json]:
        bodies = await node.db.read(lambda tx: [row[0] for row in tx.all(_SENT)])
        return [one for one in map(orjson.loads, bodies) if one["type"] == kind]


async def contacts(node: RunningNode) -> set[str]:
    """The origins whose people's signatures a node has verified, or whose keys it has fetched."""
    return {origin for (origin,) in await node.db.read(lambda tx: tx.all(_CONTACTS))}
