"""A scripted GoToSocial 0.20: what was seen of it, private-groups-observed.md §2 and §3.

It differs from Mastodon where its rules say so; each has a test in
tests/together/test_scripted_servers.py.
"""

from collections import defaultdict
from typing import Any

from tests.support.mastodon import ScriptedServer, Status, listed
from tests.support.stranger import PUBLIC, Answered, Document, Person, Stranger


class GoToSocial(ScriptedServer):
    """GoToSocial as observed."""

    software = "gotosocial"

    def __init__(self, server: Stranger, home: str) -> None:
        super().__init__(server, home)
        self.blocked: dict[str, set[str]] = defaultdict(set)

    async def follow(self, person: Person, target: str) -> Answered:
        """Row 8: only after Undo{Block} may somebody ask again."""
        assert target not in self.blocked[person.uri], "who is blocked cannot follow"
        return await super().follow(person, target)

    def answered(self, kind: str, activity: Document) -> None:
        """Rows 1 and 8: a Reject ends what is asked; after an Accept it is ignored."""
        follower = activity["object"]["actor"]
        if follower not in self._asking(activity):
            return
        self.pending[follower].discard(activity["actor"])
        if kind == "Accept":
            self.following[follower].add(activity["actor"])

    def _asking(self, activity: Document) -> set[str]:
        return {one for one, asked in self.pending.items() if activity["actor"] in asked}

    def receive(self, activity: Document) -> None:
        """Row 8: a Block is what ends a relation, and hides what came before."""
        if activity["type"] == "Block":
            blocked = str(activity["object"])
            self.blocked[blocked].add(activity["actor"])
            self.following[blocked].discard(activity["actor"])
            mine = [one.id for one in self.statuses.values() if one.author == activity["actor"]]
            self.homes[blocked] = [one for one in self.homes[blocked] if one not in mine]
            self.notified[blocked] = [one for one in self.notified[blocked] if one not in mine]
            return
        if activity["type"] == "Undo" and activity["object"]["type"] == "Block":
            self.blocked[str(activity["object"]["object"])].discard(activity["actor"])
            return
        super().receive(activity)
        if activity["type"] == "Create":
            self._fetch_files(activity["object"])

    def _fetch_files(self, note: Document) -> None:
        """Row 10: a file is fetched at receipt and kept at an open address for good."""
        for file in listed(note.get("attachment")):
            kept = f"{self.server.origin}/fileserver/{len(self.open_files)}"
            self.open_files[kept] = str(file["url"])

    def addresses(self, person: Person, visibility: str, named: list[str]) -> tuple[Any, Any]:
        """§3: one addressee is a string, several a list, none is absent."""
        mine = str(person.document["followers"])
        match visibility:
            case "public":
                return PUBLIC, [mine, *named]
            case "unlisted":
                return mine, [PUBLIC, *named]
            case "private":
                return mine, (named[0] if len(named) == 1 else named)
            case _:
                return (named[0] if len(named) == 1 else named), []

    def tag(self, group: str) -> Any:
        return {"type": "Mention", "href": group, "name": "@group"}

    async def vote(self, person: Person, status: Status, *names: str) -> list[Document]:
        """Several choices come in one Create (GTS docs/federation/posts.md#polls)."""
        sent = [self._vote(person, status, name) for name in names]
        await self._vote_with(person, sent if len(sent) > 1 else sent[0])
        return sent

    async def reply(
        self,
        person: Person,
        parent: Status,
        words: str,
        *,
        visibility: str = "",
        keeps_mention: bool = True,
    ) -> Document:
        """Row 3: the group gets it only if the text names it; a visibility must be given.

        An app that gives none gets the account's default, `unlisted`.
        """
        handle = parent.author.rpartition("/")[2]
        named = f'<a href="{parent.author}">@{handle}</a> ' if keeps_mention else ""
        return await self.send(
            person,
            f"<p>{named}{words}</p>",
            visibility=visibility or "unlisted",
            group=parent.author,
            parent=parent,
            mentions=keeps_mention,
        )
