"""The three nodes under the model: what people do there, and what they are shown."""

import re
from itertools import count
from typing import Final

import orjson
from sqlalchemy import select

from storage.queries import actors, deliveries, origins, posts
from storage.tables.traffic import activities
from storage.tx import Tx
from tests.support.nodes import Json, Nodes, Person, RunningNode
from tests.support.saying import deliver_as
from tests.together.communities import Community, found
from tests.together.model.expected import View
from tests.together.stories import known, settled, the_wait_is_over

HOMES: Final = {"ana": "hq", "gus": "hq", "bo": "lab", "dan": "lab", "cy": "firm", "max": "firm"}
PEOPLE: Final = tuple(HOMES)
STEWARD, SECOND = "ana", "gus"
FAR: Final = ("lab", "firm")
_TOKEN = re.compile(r"w\d+x")
_SENT = select(activities.c.body, activities.c.actor_id).where(
    activities.c.community_id.is_not(None)
)
_AN_HOUR = 3_600_000


class Places:
    """Three nodes that serve one community after the other."""

    def __init__(self, nodes: dict[str, RunningNode], people: dict[str, Person]) -> None:
        self.nodes, self.people = nodes, people
        self.numbers = count(1)
        self.club: Community

    @classmethod
    async def started(cls, nodes: Nodes) -> "Places":
        running = {name: await nodes.start(name) for name in ("hq", *FAR)}
        people = {who: await known(running[home], who) for who, home in HOMES.items()}
        return cls(running, people)

    @property
    def hq(self) -> RunningNode:
        return self.nodes["hq"]

    def home(self, who: str) -> RunningNode:
        return self.people[who].node

    async def found(self) -> None:
        """A new community with Ana and Gus."""
        handle = f"club{next(self.numbers)}"
        self.club = await found(self.hq, self.people[STEWARD], self.people[SECOND], handle=handle)
        await self.settled()

    async def settled(self) -> None:
        await settled(*self.nodes.values())

    # What people do.

    async def join(self, who: str) -> None:
        """Invited by Ana, accepted by following."""
        person = self.people[who]
        there = await self.people[STEWARD].find(self._acct(who))
        await self.club.invite(int(there["id"]), self.people[STEWARD])
        await self.settled()
        await person.follow(self.club.acct if self.home(who) is not self.hq else self.club.handle)
        await self.club.takes_in(person.uri)

    def _acct(self, who: str) -> str:
        person = self.people[who]
        return f"@{who}" if person.node is self.hq else person.acct

    async def leave(self, who: str) -> None:
        club = await self._club_at(who)
        await self.people[who].post(f"/api/v1/accounts/{club}/unfollow")

    async def remove(self, who: str) -> None:
        """A steward tells the helper."""
        order = f"@tertulia remove {self._acct(who)} from {self.club.handle}"
        await self.people[STEWARD].say(order, visibility="direct")
        await self.club.loses(self.people[who].uri)

    async def say(self, who: str, token: str, parent: str | None = None) -> str:
        """Write, or answer; the post's id on the wire."""
        more = {} if parent is None else {"in_reply_to_id": await self._here(who, parent)}
        host = "" if self.home(who) is self.hq else f"@{self.hq.host}"
        text = token if parent else f"@{self.club.handle}{host} {token}"
        said = await self.people[who].say(text, visibility="private", **more)
        return str(said["uri"])

    async def edit(self, who: str, uri: str, token: str) -> None:
        await self.people[who].put(f"/api/v1/statuses/{await self._here(who, uri)}", status=token)

    async def delete(self, who: str, uri: str) -> None:
        await self.people[who].delete(f"/api/v1/statuses/{await self._here(who, uri)}")

    async def like(self, who: str, uri: str, *, likes: bool) -> None:
        act = "favourite" if likes else "unfavourite"
        await self.people[who].post(f"/api/v1/statuses/{await self._here(who, uri)}/{act}")

    async def cannot_like_yet(self, who: str, uri: str) -> None:
        """Told that the community has not taken the post in."""
        path = f"/api/v1/statuses/{await self._here(who, uri)}/favourite"
        answer = await self.people[who].ask("POST", path)
        assert answer.status == 403, answer.text
        assert "not taken this post in yet" in answer.text

    async def _here(self, who: str, uri: str) -> str:
        row = await self.home(who).db.read(posts.by_uri, uri)
        assert row is not None, f"{who} has no {uri}"
        return str(row.id)

    async def _club_at(self, who: str) -> int | None:
        actor = await self.home(who).db.read(actors.by_uri, self.club.uri)
        return None if actor is None else actor.id

    # What the network does.

    async def hold(self, sender: str, receiver: str) -> None:
        """Nothing that one node sends reaches another any more; it waits."""
        await self.nodes[sender].db.write(_out_of_reach, self.nodes[receiver].origin)

    async def hear(self) -> None:
        """Everything that waits arrives."""
        for node in self.nodes.values():
            await the_wait_is_over(node)
        await self.settled()

    async def repeat(self, name: str, choice: int) -> None:
        """Something that a node sent arrives once more."""
        node = self.nodes[name]
        sent = [one for one in await node.db.read(_sent) if one[0]["type"] == "Announce"]
        if name != "hq":
            sent = [one for one in await node.db.read(_sent) if one[0].get("audience")]
        if not sent:
            return
        document, actor_id = sent[choice % len(sent)]
        for other in self.nodes.values() if name == "hq" else (self.hq,):
            if other is not node:
                await deliver_as(node, actor_id, other, document)

    # What people see.

    async def view(self, who: str) -> View | None:
        """What the community's list shows somebody; None where there is no such list."""
        club = await self._club_at(who)
        path = f"/api/v1/timelines/list/g{club or 1}"
        answer = await self.people[who].ask("GET", path, params={"limit": "40"})
        if answer.status == 404:
            return None
        assert answer.status == 200, answer.text
        shown = [line["reblog"] or line for line in answer.json]
        assert len(shown) < 40, "the page is full: the model cannot tell what else there is"
        return {one["uri"]: _seen(one) for one in shown}

    async def readable(self, who: str, uri: str) -> bool:
        """Whether somebody can open a post."""
        row = await self.home(who).db.read(posts.by_uri, uri)
        if row is None:
            return False
        return (await self.people[who].ask("GET", f"/api/v1/statuses/{row.id}")).status == 200


def _seen(status: Json) -> tuple[str, int, int]:
    tokens = _TOKEN.findall(status["content"])
    return "".join(tokens), status["favourites_count"], status["replies_count"]


def _out_of_reach(tx: Tx, origin: str) -> None:
    row = origins.by_origin(tx, origin)
    if row is not None:
        deliveries.origin_missed(tx, row.id, tx.now + _AN_HOUR)


def _sent(tx: Tx) -> list[tuple[Json, int]]:
    return [(orjson.loads(body), actor_id) for body, actor_id in tx.all(_SENT)]
