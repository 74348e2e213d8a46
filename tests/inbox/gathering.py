"""A community on another node, played by a scripted server: its members, cards and Announces."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from activitypub.parse.actors import parse_actor
from activitypub.proofs import add_proof
from activitypub.vocabulary import COMMUNITY_CONTEXT
from domain.kinds import MembershipState
from federation.discovery import Confirmed, store_actor
from federation.key_material import PrivateKey
from social.vouching import cards_url
from storage.queries import communities
from storage.queries.communities import MemberRow
from storage.views.actors import ActorView
from tests.inbox.giving import give
from tests.inbox.home import Home
from tests.support.factories import add_follow, add_membership, put_community
from tests.support.stranger import Document, Page, Person, Seen, Stranger, ed25519

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
_numbers = count(1)


def at(minutes: int) -> str:
    """So many minutes after noon."""
    return datetime.fromtimestamp(NOON.timestamp() + 60 * minutes, UTC).isoformat()


@dataclass
class Writer:
    """A member somewhere whom our node never asks for anything."""

    uri: str
    handle: str
    host: str
    key: PrivateKey | None
    key_id: str

    @property
    def origin(self) -> str:
        return self.uri.split("/a/", 1)[0]

    def new_id(self, kind: str = "act") -> str:
        return f"{self.origin}/{kind}/{next(_numbers)}"

    def proven(self, document: Document, *, key: PrivateKey | None = None) -> Document:
        signing = key or self.key
        assert signing is not None
        whole = {"@context": COMMUNITY_CONTEXT, **document}
        return add_proof(whole, signing.ed25519, self.key_id, NOON)


def writer(handle: str = "cy", *, number: int = 1, host: str = "n3.example") -> Writer:
    uri = f"https://{host}/a/{handle}"
    return Writer(uri, handle, host, ed25519(number), f"{uri}#ed25519-key")


def plain(handle: str = "dee", host: str = "masto.example") -> Writer:
    """A member on a plain server: no key that anybody could check."""
    return Writer(f"https://{host}/users/{handle}", handle, host, None, "")


@dataclass
class Place:
    """A community on `server`, as its own node would speak for it."""

    here: Home
    server: Stranger
    person: Person
    actor: ActorView
    members: dict[str, Writer] = field(default_factory=dict)
    ours: list[str] = field(default_factory=list)  # who of the node under test belongs, it says

    @property
    def uri(self) -> str:
        return self.person.uri

    @property
    def followers(self) -> str:
        return str(self.person.document["followers"])

    @property
    def inside(self) -> Document:
        """How everything in it is addressed."""
        return {"to": [self.uri, self.followers], "cc": [], "audience": self.uri}

    # What members do.

    def note(self, by: Writer, words: str = "hello", **more: Any) -> Document:
        return {
            "id": by.new_id("o"),
            "type": "Note",
            "attributedTo": by.uri,
            "content": f"<p>{words}</p>",
            "published": at(0),
            **self.inside,
            **more,
        }

    def activity(self, by: Writer, kind: str, about: Any, **more: Any) -> Document:
        """Unproven, for tests that twist it first."""
        document = {"id": by.new_id(), "type": kind, "actor": by.uri, "object": about}
        return {**document, **self.inside, **more}

    def create(self, by: Writer, words: str = "hello", **more: Any) -> Document:
        return by.proven(self.activity(by, "Create", self.note(by, words, **more)))

    def update(self, by: Writer, note: Document, words: str, minutes: int) -> Document:
        now = note | {"content": f"<p>{words}</p>", "updated": at(minutes)}
        return by.proven(self.activity(by, "Update", now))

    def delete(self, by: Writer, note: Document) -> Document:
        return by.proven(self.activity(by, "Delete", {"id": note["id"], "type": "Tombstone"}))

    def like(self, by: Writer, uri: str, kind: str = "Like") -> Document:
        return by.proven(self.activity(by, kind, uri))

    def undo(self, by: Writer, like: Document) -> Document:
        inner = {name: like[name] for name in ("id", "type", "actor", "object")}
        return by.proven(self.activity(by, "Undo", inner))

    # What the community says.

    @property
    def voice(self) -> Writer:
        """The community as one who speaks itself, with its own key."""
        return Writer(
            self.uri, "", "", ed25519(7), str(self.person.document["assertionMethod"][0]["id"])
        )

    def card(self, of: Writer, **more: Any) -> Document:
        told: Document = {
            "type": "tertulia:Card",
            "tertulia:of": of.uri,
            "preferredUsername": of.handle,
            "tertulia:host": of.host,
            "name": of.handle.title(),
            "tertulia:home": "Acme",
        }
        if of.key is not None:
            key = {"id": of.key_id, "publicKeyMultibase": of.key.public.multikey()}
            told["tertulia:key"] = key
        return told | more

    def announce(self, inner: Any, *cards: Document, **more: Any) -> Document:
        return {
            "@context": COMMUNITY_CONTEXT,
            "id": self.server.url(f"/act/{next(_numbers)}"),
            "type": "Announce",
            "actor": self.uri,
            "published": at(1),
            "to": [self.followers],
            "audience": self.uri,
            "object": inner,
            "tertulia:cards": list(cards),
        } | more

    async def says(self, inner: Any, *cards: Document, **more: Any) -> None:
        """Announce, be taken with 202, and be processed."""
        await give(self.here, self.person, self.announce(inner, *cards, **more))

    def roll(self, _: Seen) -> Page:
        """Who of the node that asks belongs to it (FEP-8fcf)."""
        uri = f"{self.followers}_sync"
        return Page({"id": uri, "type": "OrderedCollection", "orderedItems": self.ours})

    def tells_cards(self, *cards: Document) -> None:
        """Answer who a member is when asked; nobody else."""

        def answer(seen: Seen) -> Page:
            of = parse_qs(seen.query).get("of", [""])[0]
            items = [card for card in cards if card["tertulia:of"] == of]
            if not items:
                return Page(status=404)
            uri = cards_url(self.actor, of)
            return Page({"id": uri, "type": "Collection", "items": items})

        self.server.pages[f"{self.person.path}/cards"] = answer


async def place(here: Home, server: Stranger, member: ActorView, handle: str = "lifting") -> Place:
    """A community on `server` to which somebody here belongs."""
    uri = server.url(f"/users/{handle}")
    key = {
        "id": f"{uri}#ed25519-key",
        "type": "Multikey",
        "controller": uri,
        "publicKeyMultibase": ed25519(7).public.multikey(),
    }
    person = server.person(handle, kind="Group", assertionMethod=[key])
    stated = Confirmed(parse_actor(person.document), server.authority)
    actor = await here.db.write(store_actor, stated)
    await here.db.write(lambda tx: put_community(tx, actor.id))
    made = Place(here, server, person, actor)
    server.pages[f"{person.path}/followers_sync"] = made.roll
    await join(made, member)
    return made


async def join(
    where: Place, member: ActorView, state: MembershipState = MembershipState.ACTIVE
) -> None:
    """A membership as it stands on the member's own node."""
    if state is MembershipState.ACTIVE:
        await where.here.db.write(add_follow, member.id, where.actor.id)
        where.ours.append(member.uri)
    await where.here.db.write(add_membership, where.actor.id, member.id, state=state)


async def set_state(where: Place, member: ActorView, state: MembershipState) -> None:
    row = await where.here.db.read(communities.member, where.actor.id, member.id)
    assert row is not None
    changed = MemberRow(
        **{name: getattr(row, name) for name in MemberRow.__struct_fields__} | {"state": state}
    )
    await where.here.db.write(communities.put_member, changed)
