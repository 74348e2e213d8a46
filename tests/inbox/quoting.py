"""Quotes as Mastodon sends them, consent to them, and the people among whom they are told."""

from typing import Any

import orjson
import pytest

from domain.kinds import NotificationKind
from domain.quotes import QuoteState
from federation.discovery import find_actor
from storage.queries import quotes
from storage.queries.quotes import QuoteRow
from storage.views.actors import ActorView
from storage.views.posts import PostRow, load
from tests.inbox.home import Home
from tests.support.factories import member
from tests.support.stranger import CONTEXT, Document, Person, Stranger

MASTODON = [
    *CONTEXT,
    {
        "quote": "https://w3id.org/fep/044f#quote",
        "quoteUri": "http://fedibird.com/ns#quoteUri",
        "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
        "quoteAuthorization": {
            "@id": "https://w3id.org/fep/044f#quoteAuthorization",
            "@type": "@id",
        },
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
    },
]
ANYBODY = {"canQuote": {"automaticApproval": ["https://www.w3.org/ns/activitystreams#Public"]}}


def quoting(server: Stranger, author: Person, uri: str, **extra: Any) -> Document:
    """A post in Mastodon's shape that quotes `uri`."""
    inline = f'<p class="quote-inline">RE: <a href="{uri}">{uri}</a></p><p>So true</p>'
    said = {"quote": uri, "quoteUri": uri, "_misskey_quote": uri, "content": inline}
    return server.note(author, **({"@context": MASTODON} | said | extra))


def asked(server: Stranger, quoter: Person, uri: str, instrument: Any) -> Document:
    """QuoteRequest, as Mastodon sends it."""
    more = {"@context": MASTODON, "instrument": instrument, "to": uri}
    return server.activity(quoter, "QuoteRequest", uri, **more)


def stamp(server: Stranger, author: Person, quoting: str, quoted: str, **extra: Any) -> str:
    """A QuoteAuthorization, served."""
    number = len(server.pages)
    return server.add(
        f"/stamps/{number}",
        {
            "type": "QuoteAuthorization",
            "attributedTo": author.uri,
            "interactingObject": quoting,
            "interactionTarget": quoted,
        }
        | extra,
    )


class Scene:
    """Alice lives here and follows ana of B; mallory of E is nobody's friend."""

    def __init__(self, here: Home, b: Stranger, e: Stranger, people: dict[str, Any]) -> None:
        self.here, self.b, self.e = here, b, e
        self.alice: ActorView = people["alice"]
        self.ana: Person = people["ana"]
        self.mallory: Person = people["mallory"]

    async def say(self, *sent: tuple[Stranger, Person, Document]) -> None:
        for server, person, activity in sent:
            answer = await server.deliver(person, self.here.inbox, activity)
            assert answer.status == 202, answer.body
            await self.here.drain()

    async def from_ana(self, *activities: Document) -> None:
        await self.say(*((self.b, self.ana, one) for one in activities))

    async def from_mallory(self, *activities: Document) -> None:
        await self.say(*((self.e, self.mallory, one) for one in activities))

    def create(self, note: Document) -> Document:
        return self.b.activity(self.ana, "Create", note, to=note["to"], cc=note["cc"])

    async def quote(self, note: Document) -> QuoteRow | None:
        return await self.here.db.read(quotes.by_uri, note["id"])

    async def state(self, note: Document) -> QuoteState | None:
        found = await self.quote(note)
        return found.state if found is not None else None

    async def shown(self, note: Document) -> str | None:
        """The state of the quote that alice sees."""
        row = await self.here.stored(note["id"])
        assert row is not None
        view = await self.here.db.read(load, [row.id], member(self.alice.id))
        return view[0].quote.state if view and view[0].quote is not None else None

    async def sent(self, kind: str) -> list[Document]:
        """What was published here, of one type."""
        found = [orjson.loads(row[-2]) for row in await self.here.rows("activities")]
        return [one for one in found if one["type"] == kind]

    async def told(self) -> list[NotificationKind]:
        rows = await self.here.rows("notifications")
        return [row[2] for row in rows if row[1] == self.alice.id]

    async def count(self, row: PostRow) -> int:
        found = await self.here.stored(row.uri)
        assert found is not None
        return found.quotes_count


@pytest.fixture
async def scene(
    here: Home, b: Stranger, e: Stranger, alice: ActorView, ana: Person, mallory: Person
) -> Scene:
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    return Scene(here, b, e, {"alice": alice, "ana": ana, "mallory": mallory})
