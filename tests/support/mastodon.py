"""A scripted Mastodon: what it shows to whom, and what it sends to whom, by cited rules alone.

MA is Mastodon's source as the fact sheets read it (facts/federation.md §3-4, private-groups-
observed.md "as read"); each rule has a test in tests/together/test_scripted_servers.py. It knows
people with followers elsewhere, who are spies: `leaked` is what they got of somebody's words.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from tests.support.stranger import PUBLIC, Answered, Document, Page, Person, Seen, Stranger

NODEINFO: Final = "http://nodeinfo.diaspora.software/ns/schema/"
PUBLIC_SPELLINGS: Final = frozenset({PUBLIC, "as:Public", "Public"})


def listed(raw: Any) -> list[Any]:
    if raw is None:
        return []
    return raw if isinstance(raw, list) else [raw]


@dataclass
class Status:
    """A post as this server knows it."""

    id: str
    author: str
    document: Document
    visibility: str
    mentioned: list[str] = field(default_factory=list)

    @property
    def content(self) -> str:
        return str(self.document["content"])


class ScriptedServer(ABC):
    """What the scripted servers have in common; the rules are in the two that differ by them."""

    software = "mastodon"

    def __init__(self, server: Stranger, home: str) -> None:
        self.server = server
        self.home = home  # the inbox of the node under test
        self.statuses: dict[str, Status] = {}
        self.homes: dict[str, list[str]] = defaultdict(list)
        self.notified: dict[str, list[str]] = defaultdict(list)
        self.following: dict[str, set[str]] = defaultdict(set)
        self.pending: dict[str, set[str]] = defaultdict(set)
        self.leaked: list[Document] = []  # what followers of people here, elsewhere, got
        self.shared_inbox_uses: list[Document] = []
        self.votes = 0
        self.open_files: dict[str, str] = {}  # copies at open addresses, and of what
        server.pages["/inbox"] = self.take
        described = server.url("/nodeinfo/2.0")
        links = [{"rel": f"{NODEINFO}2.0", "href": described}]
        server.pages["/.well-known/nodeinfo"] = Page({"links": links}, type="application/json")
        told = {"version": "2.0", "software": {"name": self.software, "version": "1"}}
        server.pages["/nodeinfo/2.0"] = Page(told, type="application/json")

    def person(self, handle: str, **more: Any) -> Person:
        """Somebody here, with followers elsewhere."""
        found = self.server.person(handle, **more)
        self.server.pages[f"/users/{handle}/inbox"] = self.take
        return found

    # What people here see.

    def home_of(self, person: Person) -> list[Status]:
        return [self.statuses[one] for one in self.homes[person.uri] if one in self.statuses]

    def notices_of(self, person: Person) -> list[Status]:
        return [self.statuses[one] for one in self.notified[person.uri] if one in self.statuses]

    def sees(self, person: Person, text: str) -> bool:
        found = [*self.home_of(person), *self.notices_of(person)]
        return any(text in status.content for status in found)

    # What arrives.

    def take(self, seen: Seen) -> Page:
        """What every inbox here does."""
        activity: Document = orjson.loads(seen.body)
        if seen.path == "/inbox":
            self.shared_inbox_uses.append(activity)
        if seen.method == "POST":
            self.receive(activity)
        return Page(status=202)

    def receive(self, activity: Document) -> None:
        kind = activity["type"]
        match kind:
            case "Create" | "Update" if activity["object"]["type"] in {"Note", "Question"}:
                self._keep(activity["object"], is_new=kind == "Create")
            case "Delete":
                self._forget(activity["object"])
            case "Accept" | "Reject":
                self.answered(kind, activity)
            case "Announce":
                self.announced(activity)

    def _keep(self, note: Document, *, is_new: bool) -> None:
        status = Status(
            note["id"], note["attributedTo"], note, self.visibility(note), self._mentioned(note)
        )
        known = self.statuses.get(note["id"])
        if known is None and not is_new:
            return
        self.statuses[note["id"]] = status
        if known is None:
            self.distribute(status)

    def _forget(self, what: Any) -> None:
        self.statuses.pop(what if isinstance(what, str) else what["id"], None)

    def _mentioned(self, note: Document) -> list[str]:
        tags = [tag for tag in listed(note.get("tag")) if tag.get("type") == "Mention"]
        return [tag["href"] for tag in tags]

    def visibility(self, note: Document) -> str:
        """MA app/lib/activitypub/parser/status_parser.rb#visibility; GtS the same, observed."""
        to, cc = listed(note.get("to")), listed(note.get("cc"))
        if PUBLIC_SPELLINGS & set(to):
            return "public"
        if PUBLIC_SPELLINGS & set(cc):
            return "unlisted"
        if any(uri.endswith("/followers") for uri in (*to, *cc)):
            return "private"
        return "direct"

    def distribute(self, status: Status) -> None:
        """A direct post is its Mention's, a wider one every local follower's (facts §2, 2 and 4).

        Into whose inbox it was put does not matter: what is addressed to followers is shown to all
        of them here, and a Mention notifies.
        """
        local = {person.uri for person in self.server.people.values()}
        for uri in local:
            named = uri in status.mentioned
            follows = status.visibility != "direct" and status.author in self.following[uri]
            if named:
                self.notified[uri].append(status.id)
            if follows or (named and status.author in self.following[uri]):
                self.homes[uri].append(status.id)

    @abstractmethod
    def answered(self, kind: str, activity: Document) -> None:
        """Accept and Reject of a Follow."""

    def announced(self, activity: Document) -> None:
        """MA app/lib/activitypub/activity/announce.rb#announceable?, GtS observed (facts §2, 6).

        Somebody else's post must be public or unlisted; one's own may be private. An embedded
        activity is nothing.
        """
        named = activity["object"]
        status = self.statuses.get(named) if isinstance(named, str) else None
        if status is None:
            return
        if status.visibility in {"public", "unlisted"} or (
            status.author == activity["actor"] and status.visibility == "private"
        ):
            for person in self.server.people.values():
                if activity["actor"] in self.following[person.uri]:
                    self.homes[person.uri].append(status.id)

    # What people here do.

    async def follow(self, person: Person, target: str) -> Answered:
        self.pending[person.uri].add(target)
        return await self._deliver(person, self.server.activity(person, "Follow", target))

    async def send(
        self,
        person: Person,
        text: str,
        *,
        visibility: str,
        group: str,
        parent: Status | None = None,
        mentions: bool = True,
    ) -> Document:
        """Write; deliver to the group if this server would, and to followers elsewhere."""
        note = self.note(person, text, visibility, group, parent, mentions=mentions)
        await self.spread(person, self._activity(person, "Create", note), group)
        return note

    def note(
        self,
        person: Person,
        text: str,
        visibility: str,
        group: str,
        parent: Status | None,
        *,
        mentions: bool,
    ) -> Document:
        to, cc = self.addresses(person, visibility, [group] if mentions else [])
        now = self.server.now().isoformat(timespec="seconds").replace("+00:00", "Z")
        document = self.server.note(person, content=text, to=to, cc=cc, published=now)
        if mentions:
            document["tag"] = self.tag(group)
        if parent is not None:
            document["inReplyTo"] = parent.id
        self.server.pages[document["id"].removeprefix(self.server.origin)] = Page(status=404)
        return document

    @abstractmethod
    def addresses(self, person: Person, visibility: str, named: list[str]) -> tuple[Any, Any]:
        """As this kind of server has it."""

    @abstractmethod
    def tag(self, group: str) -> Any:
        """As this kind of server has it."""

    def _activity(self, person: Person, kind: str, note: Document) -> Document:
        return self.server.activity(person, kind, note, to=note.get("to"), cc=note.get("cc"))

    async def spread(self, person: Person, activity: Document, group: str) -> None:
        """Followers get what is addressed to them or to everybody; the group what names it."""
        to = {*listed(activity.get("to")), *listed(activity.get("cc"))}
        if to & {*PUBLIC_SPELLINGS, str(person.document["followers"])}:
            self.leaked.append(activity)
        if group in to:
            await self._deliver(person, activity)

    async def edit(self, person: Person, note: Document, text: str, group: str) -> None:
        """An edit keeps its visibility, here."""
        changed = note | {"content": text, "updated": "2099-01-01T00:00:00Z"}
        await self.spread(person, self._activity(person, "Update", changed), group)

    async def delete(self, person: Person, note: Document) -> Answered:
        return await self._deliver(person, self.server.activity(person, "Delete", note["id"]))

    async def like(self, person: Person, status: Status) -> Document:
        activity = self.server.activity(person, "Like", status.id, to=status.author)
        await self._deliver(person, activity)
        return activity

    async def unlike(self, person: Person, like: Document) -> None:
        await self._deliver(person, self.server.activity(person, "Undo", like))

    async def vote(self, person: Person, status: Status, *names: str) -> list[Document]:
        """One Create for each choice, to the author alone (MA vote_serializer.rb)."""
        sent = [self._vote(person, status, name) for name in names]
        for note in sent:
            await self._vote_with(person, note)
        return sent

    def _vote(self, person: Person, status: Status, name: str) -> Document:
        self.votes += 1
        return {
            "id": f"{person.uri}#votes/{self.votes}",
            "type": "Note",
            "name": name,
            "attributedTo": person.uri,
            "to": status.author,
            "inReplyTo": status.id,
        }

    async def _vote_with(self, person: Person, about: Any) -> Answered:
        activity = self.server.activity(person, "Create", about, to=listed(about)[0]["to"])
        return await self._deliver(person, activity | {"id": f"{listed(about)[0]['id']}/activity"})

    def may_boost(self, person: Person, status: Status) -> bool:
        """MA app/policies/status_policy.rb#reblog?; GtS answers 403 (facts §2, 13)."""
        if status.visibility == "direct":
            return False
        return status.visibility != "private" or status.author == person.uri

    async def _deliver(self, person: Person, activity: Document) -> Answered:
        """To the shared inbox: never the path says for whom it is (facts §3)."""
        return await self.server.deliver(person, self.home, activity)


class Mastodon(ScriptedServer):
    """Mastodon as read."""

    def answered(self, kind: str, activity: Document) -> None:
        """A Reject ends a follow that was accepted, too (MA activity/reject.rb)."""
        follower = activity["object"]["actor"]
        self.pending[follower].discard(activity["actor"])
        if kind == "Accept":
            self.following[follower].add(activity["actor"])
        else:
            self.following[follower].discard(activity["actor"])

    def addresses(self, person: Person, visibility: str, named: list[str]) -> tuple[Any, Any]:
        """MA app/lib/activitypub/tag_manager.rb#to and #cc: a group is named with its followers."""
        mine = str(person.document["followers"])
        groups = [one for uri in named for one in (uri, f"{uri}/followers")]
        match visibility:
            case "public":
                return [PUBLIC], [mine, *groups]
            case "unlisted":
                return [mine], [PUBLIC, *groups]
            case "private":
                return [mine], groups
            case _:
                return groups, []

    def tag(self, group: str) -> Any:
        return [{"type": "Mention", "href": group, "name": "@group"}]

    async def reply(
        self, person: Person, parent: Status, words: str, *, visibility: str = ""
    ) -> Document:
        """An app copies the parent's visibility and begins with a mention of its author.

        (MA app/javascript/mastodon/reducers/compose.js, COMPOSE_REPLY.)
        """
        group = parent.author
        text = (
            f'<p><span class="h-card" translate="no"><a href="{group}" class="u-url mention">'
            f"@<span>group</span></a></span> {words}</p>"
        )
        return await self.send(
            person, text, visibility=visibility or parent.visibility, group=group, parent=parent
        )
