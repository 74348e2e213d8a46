"""A scripted Lemmy, as the fact sheet read it: what it takes, what it refuses, what it sends.

LE and LD are Lemmy's source and documentation (facts/federation.md §3.1, §4.11, §6 no. 25); each
rule has a test in tests/together/test_scripted_forums.py. It hosts communities that our people
follow, and its own people subscribe to communities of ours.
"""

import asyncio
from collections import defaultdict
from typing import Any

import orjson

from tests.support.forums import POSTS, Place, Thread, first_line, host_of, now
from tests.support.mastodon import NODEINFO, PUBLIC_SPELLINGS, listed
from tests.support.stranger import PUBLIC, Answered, Document, Page, Person, Seen, Stranger


class Lemmy:
    """One Lemmy; see the module."""

    software = "lemmy"

    def __init__(self, server: Stranger, home: str) -> None:
        self.server = server
        self.home = home  # the inbox of the node under test
        self.places: dict[str, Place] = {}
        self.groups: dict[str, Person] = {}
        self.refused: list[tuple[str, str]] = []
        self.got: dict[str, list[Document]] = defaultdict(list)
        self.answers: list[Answered] = []
        self.begun = 0  # how many sendings were ever begun
        self._tasks: set[asyncio.Task[None]] = set()
        server.pages["/inbox"] = self.take
        links = [{"rel": f"{NODEINFO}2.0", "href": server.url("/nodeinfo/2.0")}]
        server.pages["/.well-known/nodeinfo"] = Page({"links": links}, type="application/json")
        told = {"version": "2.0", "software": {"name": self.software, "version": "1"}}
        server.pages["/nodeinfo/2.0"] = Page(told, type="application/json")

    # Who is here.

    def person(self, handle: str, **more: Any) -> Person:
        found = self.server.person(handle, **more)
        self.server.pages[f"/users/{handle}/inbox"] = self.take
        return found

    def community(self, handle: str, *moderators: Person) -> Person:
        """A community of this server: Group, with its moderators listed (FEP-1b12)."""
        base = self.server.url(f"/users/{handle}")
        group = self.person(
            handle,
            kind="Group",
            attributedTo=f"{base}/moderators",
            featured=f"{base}/featured",
            postingRestrictedToMods=False,
            manuallyApprovesFollowers=False,
        )
        place = Place(group.uri, moderators=[one.uri for one in moderators])
        self.places[group.uri], self.groups[group.uri] = place, group
        self._collection(f"/users/{handle}/moderators", place.moderators)
        self._collection(f"/users/{handle}/featured", place.featured)
        # Of followers nothing but how many (LD 05-federation.md).
        followers = {"type": "Collection", "totalItems": 0}
        self.server.add(f"/users/{handle}/followers", followers)
        self.server.add(
            f"/users/{handle}/outbox", {"type": "OrderedCollection", "orderedItems": []}
        )
        return group

    def _collection(self, path: str, items: list[str]) -> None:
        def page(_seen: Seen) -> Page:
            kind = {"id": self.server.url(path), "type": "OrderedCollection"}
            context = {"@context": "https://www.w3.org/ns/activitystreams"}
            return Page(context | kind | {"orderedItems": list(items)})

        self.server.pages[path] = page

    async def subscribe(self, person: Person, group: str) -> None:
        """Somebody here follows a community elsewhere."""
        self.places.setdefault(group, Place(group))
        await self._send(person, self._act(person, "Follow", group, to=[group]))

    # What arrives.

    def take(self, seen: Seen) -> Page:
        activity: Document = orjson.loads(seen.body)
        self.got[str(activity["type"])].append(activity)
        problem = self._receive(activity)
        if problem:
            self.refused.append((activity["type"], problem))
            return Page({"error": problem}, status=400)
        return Page(status=200)

    def _receive(self, activity: Document) -> str:
        kind, about = activity["type"], activity["object"]
        if kind == "Follow":
            return self._followed(activity)
        if kind == "Accept":
            self.places[activity["actor"]].subscribed.add(about["actor"])
            return ""
        if kind == "Reject":
            self.places[activity["actor"]].subscribed.discard(about["actor"])
            return ""
        if kind == "Undo" and about["type"] == "Follow":
            self.places[about["object"]].followers.discard(activity["actor"])
            return ""
        if kind == "Announce":
            return self._announced(activity)
        return self._handed_in(activity)

    def _followed(self, activity: Document) -> str:
        place = self.places.get(activity["object"])
        if place is None or place.uri not in self.groups:
            return "no such community"
        place.followers.add(activity["actor"])
        group = self.groups[place.uri]
        answer = self._act(group, "Accept", activity, to=[activity["actor"]])
        self._soon(self._send(group, answer))
        return ""

    def _announced(self, activity: Document) -> str:
        """Of a community to which somebody here subscribes (LE db_schema/impls/community.rs)."""
        place, inner = self.places.get(activity["actor"]), activity["object"]
        if place is None or not place.subscribed:
            return "no local followers"
        if not isinstance(inner, dict) or "actor" not in inner:
            return "an Announce holds an activity"  # LE protocol/activities/community/announce.rs
        return self._act_in(place, inner)

    def _handed_in(self, activity: Document) -> str:
        """By somebody elsewhere, to a community here: announced to all who follow it."""
        place = self._place_of(activity)
        if place is None:
            return "no community in to or cc"  # LE protocol/objects/page.rs, extract_community
        problem = self._act_in(place, activity)
        if not problem:
            self._announce(place, activity)
        return problem

    def _place_of(self, activity: Document) -> Place | None:
        about = activity["object"] if isinstance(activity["object"], dict) else {}
        named = [
            uri
            for box in ("to", "cc", "audience")
            for uri in (*listed(activity.get(box)), *listed(about.get(box)))
        ]
        return next((self.places[uri] for uri in named if uri in self.groups), None)

    def _act_in(self, place: Place, activity: Document) -> str:
        kind, about, actor = activity["type"], activity["object"], activity["actor"]
        if actor in place.banned:
            return "banned from the community"
        if kind in {"Create", "Update"}:
            return self._words(place, activity, about)
        if kind in {"Like", "Dislike"}:
            return self._voted(place, actor, about, kind)
        if kind == "Undo":
            return self._undone(place, activity, about)
        return self._moderated(place, activity, about)

    def _words(self, place: Place, activity: Document, note: Document) -> str:
        if note.get("type") not in POSTS:
            return "not a kind of post"
        addressed = {*listed(note.get("to")), *listed(note.get("cc"))}
        if not PUBLIC_SPELLINGS & addressed:
            return "not public"  # LE utils/functions.rs, verify_visibility
        if place.uri not in addressed | set(listed(note.get("audience"))):
            return "not in this community"
        if note["attributedTo"] != activity["actor"]:
            return "the author is not the actor"
        if host_of(note["id"]) != host_of(activity["actor"]) or host_of(activity["id"]) != host_of(
            note["id"]
        ):
            return "ids on different hosts"
        parent = note.get("inReplyTo")
        if parent is not None and parent not in place.threads:
            return "no such parent"
        if parent is not None and self._root(place, parent).locked:
            return "locked"
        known = place.threads.get(note["id"])
        title = "" if parent is not None else note.get("name") or first_line(note["content"])
        thread = Thread(note["id"], note["attributedTo"], title, note, parent)
        if known is not None:
            thread.likes, thread.removed, thread.locked = known.likes, known.removed, known.locked
        place.threads[note["id"]] = thread
        return ""

    def _root(self, place: Place, uri: str) -> Thread:
        found = place.threads[uri]
        while found.parent is not None:
            found = place.threads[found.parent]
        return found

    def _voted(self, place: Place, actor: str, about: Any, kind: str) -> str:
        if about not in place.threads:
            return "no such post"
        if kind == "Like":
            place.threads[about].likes.add(actor)
        return ""

    def _undone(self, place: Place, activity: Document, inner: Document) -> str:
        kind, about = inner["type"], inner["object"]
        if kind == "Like":
            if about not in place.threads:
                return "no such post"
            place.threads[about].likes.discard(inner["actor"])
            return ""
        if kind == "Announce":
            return "not undone here"
        return self._moderated(place, inner, about, undo=True, by=activity["actor"])

    def _moderated(
        self, place: Place, activity: Document, about: Any, *, undo: bool = False, by: str = ""
    ) -> str:
        kind, actor = activity["type"], by or activity["actor"]
        uri = about if isinstance(about, str) else about["id"]
        thread = place.threads.get(uri)
        own = thread is not None and thread.author == actor
        if not (own and kind == "Delete") and not self._moderates(place, actor):
            return "not a moderator"  # LE community/mod.rs, verify_mod_action
        match kind:
            case "Delete" if thread is not None:
                thread.removed = not undo
            case "Lock" if thread is not None:
                thread.locked = not undo
            case "Block":
                (place.banned.discard if undo else place.banned.add)(uri)
                if activity.get("removeData"):
                    for one in place.threads.values():
                        one.removed = one.removed or one.author == uri
            case "Add" | "Remove":
                target = str(activity["target"])
                held = place.moderators if target.endswith("/moderators") else place.featured
                (held.append if kind == "Add" else held.remove)(uri)
            case _:
                return "nothing of that id"
        return ""

    def _moderates(self, place: Place, actor: str) -> bool:
        return actor in place.moderators or host_of(actor) == host_of(place.uri)

    # What people here do in a community here; each is announced.

    def post(self, place: Place, person: Person, title: str, text: str) -> Document:
        """A top-level post: Page with a title."""
        page = self.server.note(
            person,
            type="Page",
            name=title,
            content=f"<p>{text}</p>",
            mediaType="text/html",
            to=[place.uri, PUBLIC],
            cc=[],
            audience=place.uri,
            published=now(),
        )
        self._do(place, self._in(place, person, "Create", page))
        return page

    def comment(self, place: Place, person: Person, parent: Document, text: str) -> Document:
        author = parent["attributedTo"]
        note = self.server.note(
            person,
            content=f"<p>{text}</p>",
            to=[PUBLIC],
            cc=[place.uri, author],
            audience=place.uri,
            inReplyTo=parent["id"],
            tag=[{"type": "Mention", "href": author, "name": "@author"}],
            published=now(),
        )
        self._do(place, self._in(place, person, "Create", note))
        return note

    def edit(self, place: Place, person: Person, page: Document, text: str) -> None:
        page |= {"content": f"<p>{text}</p>", "updated": now()}
        self._do(place, self._in(place, person, "Update", page))

    def delete(self, place: Place, person: Person, page: Document) -> None:
        self.server.pages[page["id"].removeprefix(self.server.origin)] = Page(status=410)
        self._do(place, self._in(place, person, "Delete", page["id"]))

    def vote(self, place: Place, person: Person, uri: str, kind: str = "Like") -> Document:
        """Without addresses (LD, Vote)."""
        vote = self._act(person, kind, uri, audience=place.uri)
        self._do(place, vote)
        return vote

    def undo(self, place: Place, person: Person, activity: Document) -> None:
        self._do(place, self._in(place, person, "Undo", activity))

    def act(self, place: Place, person: Person, kind: str, about: str, **more: Any) -> Document:
        """A moderator's deed: Delete with a summary, Lock, Block, Add, Remove."""
        activity = self._in(place, person, kind, about, **more)
        self._do(place, activity)
        return activity

    def _do(self, place: Place, activity: Document) -> None:
        problem = self._act_in(place, activity)
        assert not problem, problem
        self._announce(place, activity)

    def _in(self, place: Place, person: Person, kind: str, about: Any, **more: Any) -> Document:
        common = {"to": [PUBLIC], "cc": [place.uri], "audience": place.uri}
        return self._act(person, kind, about, **common | more)

    def _act(self, person: Person, kind: str, about: Any, **more: Any) -> Document:
        activity = self.server.activity(person, kind, about, **more)
        path = activity["id"].removeprefix(self.server.origin)
        self.server.pages[path] = Page(activity)  # activities are served at their ids
        return activity

    def _announce(self, place: Place, activity: Document) -> None:
        """Of the activity; for Mastodon, of the bare post as well (LE community/announce.rs)."""
        about = activity["object"]
        self._soon(self.announce(place, activity))
        is_post = isinstance(about, dict) and "inReplyTo" not in about
        if activity["type"] == "Create" and is_post:
            self._soon(self.announce(place, about["id"]))

    async def announce(self, place: Place, what: Any, group: Person | None = None) -> Answered:
        """What a community says, true or not."""
        speaker = group or self.groups[place.uri]
        wrapped = self._act(
            speaker, "Announce", what, to=[PUBLIC], cc=[speaker.document["followers"]]
        )
        answer = await self.server.deliver(speaker, self.home, wrapped)
        self.answers.append(answer)
        return answer

    # What people here do in communities elsewhere: told to the community alone.

    async def say(self, person: Person, group: str, **more: Any) -> Document:
        document = self.server.note(person, published=now(), audience=group, **more)
        await self._send(person, self._create(person, document, group))
        return document

    def _create(self, person: Person, document: Document, group: str) -> Document:
        return self._act(person, "Create", document, to=[PUBLIC], cc=[group], audience=group)

    async def tell(
        self, person: Person, group: str, kind: str, about: Any, **more: Any
    ) -> Document:
        common = {"to": [PUBLIC], "cc": [group], "audience": group}
        if kind == "Delete" and "summary" not in more:
            self.server.pages[str(about).removeprefix(self.server.origin)] = Page(status=410)
        activity = self._act(person, kind, about, **common | more)
        await self._send(person, activity)
        return activity

    async def _send(self, person: Person, activity: Document) -> None:
        self.answers.append(await self.server.deliver(person, self.home, activity))

    def _soon(self, work: Any) -> None:
        """One after the other, as its queue per instance does (LE, ordered)."""
        before = list(self._tasks)
        self.begun += 1

        async def run() -> None:
            await asyncio.gather(*before, return_exceptions=True)
            await work

        task = asyncio.ensure_future(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Everything that it has to send is sent."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
