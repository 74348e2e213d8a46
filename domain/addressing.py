"""Between audiences and what other servers say in `to`, `cc` and `audience` (protocol.md §1).

The addresses of a document become a pair *(kind, owner)*, and a pair becomes addresses. What an
app's choice means is in `domain.choices`.
"""

from collections.abc import Collection as Several
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from domain.audience import Audience, Kind, includes
from domain.choices import Hint, Named, Place

PUBLIC_URI: Final = "https://www.w3.org/ns/activitystreams#Public"
_PUBLIC_SPELLINGS: Final = frozenset(
    {PUBLIC_URI, "http://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"}
)
_EVERYBODY: Final = Audience.public()
_SHAREABLE: Final = frozenset({Kind.PUBLIC, Kind.NETWORK, Kind.NODE})


def client_visibility(audience: Audience, root: Audience, *, quiet: bool) -> tuple[str, bool]:
    """What the Mastodon API shows of a post with these two pairs: `visibility`, `local_only`."""
    kept = Kind.NODE in {audience.kind, root.kind}
    narrower = max(audience.kind, root.kind)
    if narrower is Kind.DIRECT:
        return "direct", kept
    if narrower in {Kind.COMMUNITY, Kind.FOLLOWERS}:
        return "private", kept
    return ("unlisted" if quiet else "public"), kept


def may_share(audience: Audience, root: Audience) -> bool:
    """Whether a post with this pair and root's pair may be shared; its author is no exception.

    The share itself carries both pairs of the original, and so stays inside.
    """
    return audience.kind in _SHAREABLE and root.kind in _SHAREABLE


def may_quote(audience: Audience, root: Audience, quoting: Audience) -> bool:
    """Whether a post with `audience` and `root` may be quoted in one with the pair `quoting`."""
    inside = includes(audience, quoting) and includes(root, quoting)
    return inside and may_share(audience, root)


def meet(audience: Audience, root: Audience) -> Audience:
    """The pair to store for an answer that asks for `audience` in a thread with the pair `root`.

    Stored beside the root's, the result admits nobody whom either of the two does not admit:

    - what is at least as wide as the root becomes the root's own (a `public` answer in a network
      thread, a network answer in a node thread), so that it travels and counts as the root does;
    - what is narrower stays (followers, direct or node in a wider thread);
    - what overlaps stays too (a network answer in a community thread): the predicate asks both
      pairs, which leaves exactly those who belong to both. No single pair could say that.
    """
    return root if includes(audience, root) else audience


def is_public(uri: str) -> bool:
    """Whether an address is one of the spellings of "everybody" (ActivityPub §5.6)."""
    return uri in _PUBLIC_SPELLINGS


@dataclass(frozen=True, slots=True)
class Gathering:
    """A collection of people whose address we know: followers of an actor or of a node's."""

    audience: Audience


Addressee = Named | Place | Gathering


class DocumentAudience(Struct, frozen=True):
    """What a remote document's addresses mean here.

    `says_public` and `says_followers` tell a community how wide the words already are where they
    come from, whatever audience they get here (protocol §5: closed, wider, open).
    """

    audience: Audience
    quiet: bool
    place: int | None
    named: frozenset[int]
    says_public: bool
    says_followers: bool
    hint: Hint | None = None


def audience_of_document(
    to: Sequence[str],
    cc: Sequence[str],
    audience: Sequence[str],
    author_followers: str | None,
    *,
    author: int,
    author_origin: int,
    known: Mapping[str, Addressee],
    root: Audience | None = None,
) -> DocumentAudience:
    """The audience that a remote document says, met with its root's.

    `known` maps those of its addresses that we know; an unknown addressee is nobody. Followers
    count only if they are the author's own, a network only if it is that of the author's node, or
    if the thread's root or the community written in has that very audience.
    """
    uris = dict.fromkeys((*to, *cc))
    found = [known[uri] for uri in uris if uri in known]
    people = [item.actor for item in found if isinstance(item, Named)]
    named = frozenset([actor for actor in people if actor != author])
    says_public = not _PUBLIC_SPELLINGS.isdisjoint(uris)
    says_followers = author_followers is not None and author_followers in uris
    quiet = says_public and _PUBLIC_SPELLINGS.isdisjoint(to)
    if says_public and root is None and not audience and len(people) == len(found):
        # Most that come: nobody narrows it, no place takes it in. What follows would say the same.
        return DocumentAudience(_EVERYBODY, quiet, None, named, says_public, says_followers)
    own = {Audience.followers(author), Audience.network(author_origin)}
    said = {item.audience for item in found if isinstance(item, Gathering)}
    if says_public:
        said.add(Audience.public())
    if says_followers:
        said.add(Audience.followers(author))
    place = _place_of_document(audience, found, known, closed=not said & {Audience.public(), *own})
    asked = _widest(said, own, root) if place is None else _within(place, said)
    in_vain = place is None and any(isinstance(item, Place) for item in found) and bool(named)
    return DocumentAudience(
        audience=asked if root is None else meet(asked, root),
        quiet=quiet,
        place=place.actor if place else None,
        named=named,
        says_public=says_public,
        says_followers=says_followers,
        hint=Hint.NAMED_PEOPLE_ONLY if in_vain else None,
    )


def _place_of_document(
    audience: Sequence[str],
    found: Sequence[Addressee],
    known: Mapping[str, Addressee],
    *,
    closed: bool,
) -> Place | None:
    """The community that a document is written in: named as its `audience`, or mentioned.

    A mention beside a person in a document for nobody else is no post to the community, and of
    several communities none may be members-only.
    """
    for uri in audience:
        place = known.get(uri)
        if isinstance(place, Place):
            return place
    places = [item for item in found if isinstance(item, Place)]
    if closed and any(isinstance(item, Named) for item in found):
        return None
    if not places or (len(places) > 1 and any(place.members_only for place in places)):
        return None
    return places[0]


def _within(place: Place, said: Several[Audience]) -> Audience:
    """Words in an open community are as open as they say themselves to be, else for its members."""
    if place.members_only or place.audience in said:
        return place.audience
    if Audience.public() in said:
        return place.audience
    return Audience.community(place.actor)


def _widest(said: Several[Audience], own: Several[Audience], root: Audience | None) -> Audience:
    """The widest audience that the author may speak to; direct if there is none."""
    if Audience.public() in said:
        return Audience.public()
    entitled = {*own} | ({root} if root else set())
    return min((item for item in said if item in entitled), default=Audience.direct())


@dataclass(frozen=True, slots=True)
class Addresses:
    """The URIs that an audience is written with.

    `owner` and `owner_collection` are the actor and the followers collection of the audience's
    owner: for a network the node's Application actor, for a community its Group.
    """

    author: str
    author_followers: str
    owner: str = ""
    owner_collection: str = ""
    place: str = ""
    place_followers: str = ""
    named: tuple[str, ...] = ()


def addressees(
    audience: Audience, at: Addresses, *, quiet: bool = False
) -> tuple[list[str], list[str]]:
    """`to` and `cc` of a document with this audience; ValueError if the owner's URIs are missing.

    A node audience has no addresses, since it never leaves. In a community nobody else is
    addressed: not the author's followers, and no person named (protocol §5).
    """
    community = [uri for uri in (at.place, at.place_followers) if uri]
    others = [uri for uri in (*community, *at.named) if uri != at.author]
    match audience.kind:
        case Kind.PUBLIC:
            everybody, mine = [PUBLIC_URI], [at.author_followers]
            to, cc = (mine, everybody) if quiet else (everybody, mine)
            return to, _once([*cc, *others], without=to)
        case Kind.NODE:
            return [], []
        case Kind.DIRECT:
            return _once([uri for uri in at.named if uri != at.author]), []
        case _:
            return _to_owner(audience.kind, at, others)


def _to_owner(kind: Kind, at: Addresses, others: Sequence[str]) -> tuple[list[str], list[str]]:
    if not (at.owner and at.owner_collection):
        raise ValueError("this audience is written with its owner's addresses")
    if kind is Kind.COMMUNITY:
        return [at.owner, at.owner_collection], []
    owner = [at.owner] if at.owner_collection != at.author_followers else []
    to = [at.owner_collection]
    if kind is Kind.NETWORK:
        return to, _once(others, without=to)
    return to, _once([*owner, *others], without=to)


def _once(uris: Sequence[str], without: Sequence[str] = ()) -> list[str]:
    return [uri for uri in dict.fromkeys(uris) if uri not in without]
