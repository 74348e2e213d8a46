"""A scripted NodeBB: a forum whose categories are groups, as the fact sheet read it.

NB is NodeBB's source (facts/federation.md §1.1, §3.1, §6 no. 1, 17). It differs from Lemmy in what
it sends: a topic is a Note or Article with a title and a context, Public stands in `cc`, and what
it hears is checked as NB checks it. A community of its own is called a category here, too.
"""

from typing import Any

from tests.support.forums import Place, Thread, now
from tests.support.lemmy import Lemmy
from tests.support.stranger import PUBLIC, Document, Page, Person, Seen


class NodeBB(Lemmy):
    """One NodeBB; see the module."""

    software = "nodebb"

    def take(self, seen: Seen) -> Page:
        """NB src/middleware/activitypub.js and src/activitypub/signatures.js."""
        digest = seen.headers.get("digest", "")
        if digest and ("," in digest or not digest.startswith("SHA-256=")):
            self.refused.append(("", "digest"))  # one hash, in upper case, as one string
            return Page(status=400)
        return super().take(seen)

    def _receive(self, activity: Document) -> str:
        if not isinstance(activity.get("id"), str):
            return "an activity has an id"
        about = activity["object"]
        if activity["type"] == "Announce" and isinstance(about, str):
            return ""  # a bare Announce is a share of the post, and is understood
        return super()._receive(activity)

    def post(self, place: Place, person: Person, title: str, text: str) -> Document:
        """A topic: an Article with its thread's context; Public stands in `cc` (NB out.js)."""
        topic = self.server.url(f"/topic/{len(place.threads) + 1}")
        article = self.server.note(
            person,
            type="Article",
            name=title,
            content=f"<p>{text}</p>",
            context=topic,
            to=[f"{place.uri}/followers"],
            cc=[PUBLIC, place.uri],
            audience=place.uri,
            published=now(),
        )
        self._do(place, self._said(place, person, article))
        return article

    def comment(self, place: Place, person: Person, parent: Document, text: str) -> Document:
        """A reply: a Note in the same context."""
        note = self.server.note(
            person,
            content=f"<p>{text}</p>",
            context=parent.get("context"),
            to=[f"{place.uri}/followers", parent["attributedTo"]],
            cc=[PUBLIC, place.uri],
            audience=place.uri,
            inReplyTo=parent["id"],
            tag=[{"type": "Mention", "href": parent["attributedTo"], "name": "@author"}],
            published=now(),
        )
        self._do(place, self._said(place, person, note))
        return note

    # What people here say in communities elsewhere: told to the community alone.

    async def begin(self, person: Person, group: str, title: str, text: str) -> Document:
        """A topic in somebody else's community, shaped as in a category of its own."""
        words = {"type": "Article", "name": title, "content": f"<p>{text}</p>"}
        context = self.server.url("/topic/elsewhere")
        return await self.say(person, group, **words, **self._boxes(group), context=context)

    async def answer(self, person: Person, group: str, parent: Thread, text: str) -> Document:
        """A reply there, in the parent's context."""
        boxes = self._boxes(group, parent.author)
        context = parent.document.get("context")
        words: dict[str, Any] = {"content": f"<p>{text}</p>", "inReplyTo": parent.id}
        return await self.say(person, group, **words, **boxes, context=context)

    @staticmethod
    def _boxes(group: str, *to: str) -> dict[str, Any]:
        return {"to": [f"{group}/followers", *to], "cc": [PUBLIC, group]}

    def _create(self, person: Person, document: Document, group: str) -> Document:
        boxes = {name: document[name] for name in ("to", "cc")}
        return self._act(person, "Create", document, **boxes, audience=group)

    def _said(self, place: Place, person: Person, note: Document) -> Document:
        boxes: dict[str, Any] = {name: note[name] for name in ("to", "cc", "audience")}
        return self._act(person, "Create", note, **boxes)
