"""What actors of the Fedify peer do beyond posting and following: one method for each command."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from tests.peers.fedify.records import Audience, Kind, Report, Sent, Traversed


class Roles(ABC):
    """Commands and queries of tests/peers/fedify/{polls,quotes,people,groups,reading}.mjs."""

    origin: str

    @abstractmethod
    async def _do(self, route: str, call: dict[str, Any]) -> Any:
        """Give the peer a command."""

    @abstractmethod
    async def _get(self, route: str, **query: str | int | None) -> Any:
        """Ask the peer something."""

    def actor(self, handle: str) -> str:
        """The id of a local actor."""
        return f"{self.origin}/users/{handle}"

    async def new_actor(self, as_: str, kind: Kind = "Person", **more: str) -> str:
        """Make a local actor; ``more``: name, summary, accept. Its id."""
        await self._do("actor", {"as": as_, "type": kind, **more})
        return self.actor(as_)

    # Polls.

    async def ask(
        self,
        as_: str,
        content: str,
        options: list[str],
        *,
        to: Audience | list[str] = "public",
        **more: Any,
    ) -> Sent:
        """Create a Question; ``more`` as in ``post``, and multiple (bool), end_time (ISO)."""
        call = {"as": as_, "content": content, "options": options, "to": to, **more}
        return cast("Sent", await self._do("post", call))

    async def vote(self, as_: str, object_: str, *choices: str) -> Sent:
        """One Create for each choice, to the author alone."""
        return cast(
            "Sent", await self._do("vote", {"as": as_, "object": object_, "choices": choices})
        )

    async def tally(self, id_: str) -> Sent:
        """Update a poll with its figures."""
        return cast("Sent", await self._do("tally", {"id": id_}))

    # Quotes and reactions.

    async def quote(self, as_: str, object_: str, content: str, **more: Any) -> Sent:
        """Write a post that quotes and ask the quoted author; ``request`` is the QuoteRequest."""
        call = {"as": as_, "object": object_, "content": content, **more}
        return cast("Sent", await self._do("quote", call))

    async def revoke_quotes(self, id_: str, *to: str) -> Sent:
        """Delete every QuoteAuthorization given for a post."""
        return cast("Sent", await self._do("revoke_quotes", {"id": id_, "to": to}))

    async def react(self, as_: str, object_: str, emoji: str) -> Sent:
        """EmojiReact."""
        return cast("Sent", await self._do("react", {"as": as_, "object": object_, "emoji": emoji}))

    async def unreact(self, as_: str, object_: str) -> Sent:
        """Undo of the reaction."""
        return cast("Sent", await self._do("unreact", {"as": as_, "object": object_}))

    # People.

    async def block(self, as_: str, target: str) -> Sent:
        """Block, and end the follows on the peer's side."""
        return cast("Sent", await self._do("block", {"as": as_, "target": target}))

    async def unblock(self, as_: str, target: str) -> Sent:
        """Undo of the Block."""
        return cast("Sent", await self._do("unblock", {"as": as_, "target": target}))

    async def blocks(self) -> list[tuple[str, str]]:
        """Who blocks whom, as told to the peer and by it."""
        return [(who, whom) for who, whom in await self._get("blocks")]

    async def forget_follower(self, as_: str, actor: str) -> None:
        """Lose a follower without telling anybody."""
        await self._do("forget_follower", {"as": as_, "actor": actor})

    async def flag(self, as_: str, target: str, *posts: str, content: str = "") -> Sent:
        """Report somebody, with posts."""
        call = {"as": as_, "target": target, "posts": posts, "content": content}
        return cast("Sent", await self._do("flag", call))

    async def flags(self) -> list[Report]:
        """Reports that came."""
        return cast("list[Report]", await self._get("flags"))

    async def alias(self, as_: str, *also_known_as: str) -> None:
        """Say who a local actor was before."""
        await self._do("alias", {"as": as_, "also_known_as": also_known_as})

    async def move(self, as_: str, target: str) -> Sent:
        """Update with ``movedTo``, then Move to the followers."""
        return cast("Sent", await self._do("move", {"as": as_, "target": target}))

    async def pin(self, id_: str) -> Sent:
        """Add an own post to ``featured``."""
        return cast("Sent", await self._do("pin", {"id": id_}))

    async def unpin(self, id_: str) -> Sent:
        """Remove it again."""
        return cast("Sent", await self._do("unpin", {"id": id_}))

    async def delete_actor(self, as_: str, *tell: str) -> Sent:
        """Delete of a local actor by itself, to its followers and ``tell``; then it answers 410."""
        return cast("Sent", await self._do("delete_actor", {"as": as_, "tell": tell}))

    # Groups.

    async def pass_on(
        self, as_: str, activity: str | None = None, *, document: dict[str, Any] | None = None
    ) -> Sent:
        """Announce an activity that came here (by its id) or this document, to the followers."""
        call = {"as": as_, "activity": activity, "document": document}
        return cast("Sent", await self._do("pass_on", call))

    async def share_as_group(self, as_: str, object_: str) -> Sent:
        """Announce a post by its id, to the followers."""
        return cast("Sent", await self._do("share_as_group", {"as": as_, "object": object_}))

    # Reading, with Fedify's own lookup.

    async def traverse(self, url: str, *, as_: str | None = None) -> Traversed:
        """Every item of a collection; PeerError if there is none for this actor."""
        return cast("Traversed", await self._do("traverse", {"as": as_, "url": url}))

    async def lookup(self, url: str, *, as_: str | None = None) -> dict[str, Any] | None:
        """The id and type of what Fedify finds at a URL or handle; None if nothing."""
        answer = await self._do("lookup", {"as": as_, "url": url})
        return cast("dict[str, Any] | None", answer["found"])

    async def nodeinfo(self, url: str) -> dict[str, Any] | None:
        """A server's NodeInfo, as Fedify reads it."""
        return cast("dict[str, Any] | None", (await self._do("nodeinfo", {"url": url}))["nodeinfo"])

    async def webfinger(self, resource: str) -> dict[str, Any] | None:
        """A WebFinger answer, as Fedify reads it."""
        answer = await self._do("webfinger", {"resource": resource})
        return cast("dict[str, Any] | None", answer["jrd"])
