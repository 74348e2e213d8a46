"""What an app's choice of visibility means: the table in protocol.md §1.

Nothing here asks who may act: whether an author belongs to a community, or may see a thread, is
the use case's question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from msgspec import Struct

from domain.audience import NAMED, Audience, Kind, PostFacts, includes
from domain.errors import Invalid, NotFound
from domain.ids import HERE

_OPEN: Final = frozenset({Kind.PUBLIC, Kind.NETWORK, Kind.NODE})
_FULL_MEMBERS_ONLY: Final = frozenset({Kind.NETWORK, Kind.NODE})
_KEPT_HERE: Final = Audience.node(HERE)
_GUESTS: Final = "As a guest you can write in your communities, to your followers and to people"


class Choice(StrEnum):
    """What a client asks for. WORLD exists only on our own pages and in our own API."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"
    DIRECT = "direct"
    WORLD = "world"


class Hint(Enum):
    """What the helper tells the author afterwards, once per post."""

    NAMED_PEOPLE_ONLY = "It went to the people named, not to the community"
    NOT_READERS = "Somebody whom you named may not read this; their name stayed plain text"
    STAYS_IN_THREAD = "An answer stays in its thread; the community that you named did not get it"


class Named(Struct, frozen=True):
    """A person whom a post names; `reads_root` is whether they may read the thread's root."""

    actor: int
    origin: int = HERE
    reads_root: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """A community to write in. `audience` is what it is open to, or its own pair.

    `elsewhere` is true if it has members on other nodes, or lives on one.
    """

    actor: int
    audience: Audience
    elsewhere: bool = False

    @property
    def members_only(self) -> bool:
        """Whether only its active members read what is written in it."""
        return self.audience.kind is Kind.COMMUNITY


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a post goes: fixed when it is made, and never changed.

    `root_audience` is the pair to store in the root's place: the root's own, or *(node, HERE)*
    beside a followers audience that is kept on this node. `named` are the people named: in
    followers and direct audiences that makes them readers, also those whom the text does not
    mention (they become silent mentions); elsewhere `may_read` decides whether a name is more
    than plain text.
    """

    audience: Audience
    root_audience: Audience
    quiet: bool = False
    place: int | None = None
    named: frozenset[int] = frozenset()
    hint: Hint | None = None


def audience_for_new_post(
    choice: Choice,
    public_means: Kind,
    *,
    author: int,
    full_member: bool,
    people: Sequence[Named] = (),
    communities: Sequence[Place] = (),
    local_only: bool = False,
) -> Placement:
    """The audience of a post that starts a thread; raises Invalid with a sentence for the author.

    `people` are those named except communities and the author; `communities` those named, in
    order, or the one whose page the post is written on.
    """
    named = frozenset(person.actor for person in people)
    quiet = choice is Choice.UNLISTED
    if communities and not (choice is Choice.DIRECT and people):
        audience = _of_place(choice, communities, full_member, local_only=local_only)
        return Placement(audience, audience, quiet, communities[0].actor, named)
    if choice in {Choice.DIRECT, Choice.PRIVATE}:
        _check_live_here(people, local_only=local_only)
    if choice is Choice.DIRECT:
        hint = Hint.NAMED_PEOPLE_ONLY if communities else None
        return Placement(Audience.direct(), Audience.direct(), named=named, hint=hint)
    if choice is Choice.PRIVATE:
        mine = Audience.followers(author)
        beside = _kept_here(mine, None, full_member) if local_only else mine
        return Placement(mine, beside, named=named)
    audience = _everybody(choice, public_means, full_member, local_only=local_only)
    return Placement(audience, audience, quiet, named=named)


def _everybody(
    choice: Choice, public_means: Kind, full_member: bool, *, local_only: bool
) -> Audience:
    """`public` and `unlisted` mean what the node says; guests write in their communities only."""
    if not full_member:
        raise Invalid(_GUESTS, "visibility")
    if choice is Choice.WORLD and local_only:
        raise Invalid("A post cannot be for the world and for this node only", "visibility")
    if local_only:
        return _KEPT_HERE
    kind = Kind.PUBLIC if choice is Choice.WORLD else public_means
    if kind not in _OPEN:
        raise ValueError("public means public, network or node")
    return Audience.public() if kind is Kind.PUBLIC else Audience(kind, HERE)


def _of_place(
    choice: Choice, communities: Sequence[Place], full_member: bool, *, local_only: bool
) -> Audience:
    if len(communities) > 1 and any(place.members_only for place in communities):
        raise Invalid("Write in one community at a time", "status")
    place = communities[0]
    if place.audience.kind in _FULL_MEMBERS_ONLY and not full_member:
        raise NotFound
    if place.audience.kind is Kind.PUBLIC and choice in {Choice.PRIVATE, Choice.DIRECT}:
        # Never wider: what was meant for few must not become readable for everybody.
        raise Invalid("Everybody can read this community: choose public or unlisted", "visibility")
    return _kept_here(place.audience, place, full_member) if local_only else place.audience


def _kept_here(audience: Audience, place: Place | None, full_member: bool) -> Audience:
    """The pair that keeps words of this audience on this node; Invalid where there is none."""
    if place is not None and place.elsewhere:
        raise Invalid("This community has members elsewhere", "local_only")
    if audience.kind is Kind.COMMUNITY:
        return audience
    if not full_member:
        raise Invalid(_GUESTS, "visibility")
    return _KEPT_HERE


def _check_live_here(people: Sequence[Named], *, local_only: bool) -> None:
    if local_only and any(person.origin != HERE for person in people):
        raise Invalid("Somebody whom you named lives on another server", "local_only")


def root_of(post: PostFacts) -> PostFacts:
    """The facts of a thread's root as a post of the thread remembers them."""
    return PostFacts.of_root(
        post.root_id,
        author=post.root_author,
        audience=post.root_audience,
        created_at=post.root_created_at,
        named=post.root_named,
    )


def audience_for_reply(
    choice: Choice,
    root: PostFacts,
    *,
    author: int,
    full_member: bool,
    place: Place | None = None,
    people: Sequence[Named] = (),
    communities: Sequence[Place] = (),
    local_only: bool = False,
) -> Placement:
    """The audience of an answer in the thread of `root`: the root's, or narrower.

    `root` are the facts of the thread's first post, or `root_of` an answer if that post is not
    known here; `place` is the community that the thread is in. The result's `root_audience` is
    asked beside its own pair, so that nobody reads the answer who may not read the root. Raises
    Invalid, or NotFound where the author may not know of the thread.
    """
    _check_guest(root, place, full_member)
    readers = [person for person in people if person.reads_root]
    named = frozenset(person.actor for person in readers)
    hint = _reply_hint(people, readers, communities, place)
    to_place = not people and [item.actor for item in communities] == [_actor(place)]
    if choice in {Choice.DIRECT, Choice.PRIVATE}:
        _check_live_here(readers, local_only=local_only)
    if choice is Choice.DIRECT and not to_place:
        hint = Hint.NAMED_PEOPLE_ONLY if communities else hint
        return Placement(Audience.direct(), root.audience, named=named, hint=hint)
    if choice is Choice.PRIVATE and root.audience.kind not in {Kind.COMMUNITY, Kind.FOLLOWERS}:
        beside = _stays_here(root, full_member) if local_only else root.audience
        return Placement(Audience.followers(author), beside, named=named, hint=hint)
    # What keeps a root on this node stands in its root's place; its answers ask it as their own.
    own = _kept_here(root.audience, place, full_member) if local_only else root.root_audience
    named |= _people_of_root(root, author)
    quiet = choice is Choice.UNLISTED
    return Placement(own, root.audience, quiet, _actor(place), named, hint)


def _actor(place: Place | None) -> int | None:
    return place.actor if place else None


def _stays_here(root: PostFacts, full_member: bool) -> Audience:
    """What to ask beside a followers audience, in place of a root that everybody here reads."""
    if not includes(root.audience, _KEPT_HERE):
        raise Invalid("An answer in this thread cannot be kept on this node", "local_only")
    return _kept_here(root.audience, None, full_member)


def _check_guest(root: PostFacts, place: Place | None, full_member: bool) -> None:
    if full_member:
        return
    if _FULL_MEMBERS_ONLY & {root.audience.kind, root.root_audience.kind}:
        raise NotFound
    if root.audience.kind is Kind.PUBLIC and place is None:
        raise Invalid(_GUESTS, "visibility")


def _reply_hint(
    people: Sequence[Named],
    readers: Sequence[Named],
    communities: Sequence[Place],
    place: Place | None,
) -> Hint | None:
    if len(readers) < len(people):
        return Hint.NOT_READERS
    if any(item.actor != _actor(place) for item in communities):
        return Hint.STAYS_IN_THREAD
    return None


def _people_of_root(root: PostFacts, author: int) -> frozenset[int]:
    """Whom an answer with the root's own audience has to name to reach all who read the root."""
    if root.audience.kind not in NAMED:
        return frozenset()
    return (root.named | {root.author}) - {author}
