"""Who may read a post: the one predicate (protocol.md §1). Its SQL twin is written independently.

A post carries a pair *(kind, owner)*, fixed when it is made, and beside it the pair of its thread's
root. The predicate asks both, so that no reply is ever read by somebody who may not read its root.
Nothing here knows of blocks, of deleted or waiting posts: those hide more, never less.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import force_setattr

from domain.ids import HERE
from domain.kinds import History, MembershipState


class Kind(IntEnum):
    """What sort of readers an audience has; the numbers are stored."""

    PUBLIC = 1
    NETWORK = 2
    NODE = 3
    COMMUNITY = 4
    FOLLOWERS = 5
    DIRECT = 6


OWNED: Final = frozenset({Kind.NETWORK, Kind.NODE, Kind.COMMUNITY, Kind.FOLLOWERS})
NAMED: Final = frozenset({Kind.FOLLOWERS, Kind.DIRECT})
"""The kinds in which being named gives the right to read."""


class Audience(Struct, frozen=True, order=True):
    """The pair *(kind, owner)*.

    `owner` is an origin id for network and node, the community's actor id for community, an actor
    id for followers, and 0 for public and direct. Impossible pairs raise ValueError.
    """

    kind: Kind
    owner: int = 0

    def __post_init__(self) -> None:
        force_setattr(self, "kind", Kind(self.kind))
        if self.kind in OWNED and self.owner <= 0:
            raise ValueError(f"an audience of kind {self.kind.name} needs an owner")
        if self.kind not in OWNED and self.owner != 0:
            raise ValueError(f"an audience of kind {self.kind.name} has no owner")

    @staticmethod
    def public() -> "Audience":
        """Anyone, signed in or not."""
        return _pair(Kind.PUBLIC)

    @staticmethod
    def network(origin: int) -> "Audience":
        """Full members of the node `origin`, and of its sisters of that time."""
        return _pair(Kind.NETWORK, origin)

    @staticmethod
    def node(origin: int) -> "Audience":
        """Full members of the node `origin` alone."""
        return _pair(Kind.NODE, origin)

    @staticmethod
    def community(actor: int) -> "Audience":
        """Active members of the community `actor`, by its history rule."""
        return _pair(Kind.COMMUNITY, actor)

    @staticmethod
    def followers(actor: int) -> "Audience":
        """Accepted followers of `actor`, and the people named."""
        return _pair(Kind.FOLLOWERS, actor)

    @staticmethod
    def direct() -> "Audience":
        """The author and the people named."""
        return _pair(Kind.DIRECT)


@lru_cache(maxsize=4_096)
def _pair(kind: Kind, owner: int = 0) -> Audience:
    """Pairs do not change, and the same are named again and again."""
    return Audience(kind, owner)


class ViewerKind(Enum):
    """Who is asking."""

    ANONYMOUS = "anonymous"
    LOCAL = "local"
    REMOTE = "remote"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who wants to read. Build one with `local`, `remote`, `node`, or use ANONYMOUS.

    `full` is true only of people with a full membership on this node: never for guests, never for
    anybody who lives elsewhere.
    """

    kind: ViewerKind
    actor: int = 0
    origin: int = 0
    full: bool = False

    def __post_init__(self) -> None:
        kind = self.kind
        if (self.actor > 0) != (kind in {ViewerKind.LOCAL, ViewerKind.REMOTE}):
            raise ValueError("people who ask have an actor, others have none")
        if (self.origin == HERE) != (kind is ViewerKind.LOCAL):
            raise ValueError("local viewers live here, others do not")
        if (self.origin > 0) != (kind is not ViewerKind.ANONYMOUS):
            raise ValueError("everybody but the anonymous comes from somewhere")
        if self.full and kind is not ViewerKind.LOCAL:
            raise ValueError("only people of this node are its full members")

    @classmethod
    def local(cls, actor: int, *, full: bool) -> "Viewer":
        """A person with an account here: a full member, or a guest."""
        return cls(ViewerKind.LOCAL, actor, HERE, full)

    @classmethod
    def remote(cls, actor: int, origin: int) -> "Viewer":
        """An actor of another server, known by its signature."""
        return cls(ViewerKind.REMOTE, actor, origin)

    @classmethod
    def node(cls, origin: int) -> "Viewer":
        """The Application actor of another node, known by its signature."""
        return cls(ViewerKind.NODE, 0, origin)


ANONYMOUS: Final = Viewer(ViewerKind.ANONYMOUS)


@dataclass(frozen=True, slots=True)
class PostFacts:
    """What the predicate needs to know of a post. Times are Unix milliseconds.

    A post that starts a thread is its own root: the `root_` values repeat its own (see `of_root`).
    One exception: a followers post that is kept on this node has *(node, HERE)* as its
    `root_audience`, since both pairs must admit a reader. `accepted` is false while a community on
    another node has not taken the post in, or has refused it: then it is its author's alone.
    """

    id: int
    author: int
    audience: Audience
    created_at: int
    named: frozenset[int]
    root_id: int
    root_author: int
    root_audience: Audience
    root_created_at: int
    root_named: frozenset[int]
    accepted: bool = True

    @classmethod
    def of_root(
        cls,
        id: int,  # noqa: A002 -- the field's own name
        *,
        author: int,
        audience: Audience,
        created_at: int,
        named: frozenset[int] = frozenset(),
        root_audience: Audience | None = None,
    ) -> "PostFacts":
        """The facts of a post that starts a thread; `root_audience` only where it differs."""
        beside = root_audience or audience
        return cls(
            *(id, author, audience, created_at, named),
            *(id, author, beside, created_at, named),
        )


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody's standing in a community: read only while ACTIVE, from `since` until `until`."""

    state: MembershipState
    since: int
    until: int | None = None
    history: History = History.ALL


@dataclass(frozen=True, slots=True)
class Sisterhood:
    """A signed agreement with a sister node that has not been ended; times in Unix milliseconds."""

    since: int
    until: int | None = None


class Facts(Protocol):
    """What is true at this moment. Answers come from the database, or from a model in tests."""

    @property
    def now(self) -> int:
        """The present, in Unix milliseconds."""

    def sister(self, origin: int) -> Sisterhood | None:
        """The agreement that makes `origin` a sister of this node, if one stands."""

    def membership(self, community: int, actor: int) -> Membership | None:
        """The membership of `actor` in `community`, whatever its state."""

    def follows(self, follower: int, target: int) -> bool:
        """Whether `target` has accepted `follower`."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One of the two pairs of a post, with what belongs to it."""

    audience: Audience
    author: int
    created_at: int
    named: frozenset[int]


def may_read(viewer: Viewer, post: PostFacts, world: Facts) -> bool:
    """Whether `viewer` may read `post` now. Authors always read their own words."""
    if viewer.actor and viewer.actor == post.author:
        return True
    return post.accepted and all(_admits(asked, viewer, post, world) for asked in _pairs(post))


def _pairs(post: PostFacts) -> tuple[_Asked, _Asked]:
    own = _Asked(post.audience, post.author, post.created_at, post.named)
    root = _Asked(post.root_audience, post.root_author, post.root_created_at, post.root_named)
    return own, root


def _admits(asked: _Asked, viewer: Viewer, post: PostFacts, world: Facts) -> bool:
    owner = asked.audience.owner
    match asked.audience.kind:
        case Kind.PUBLIC:
            return True
        case Kind.NETWORK:
            return _in_network(owner, viewer, asked.created_at, world)
        case Kind.NODE:
            return owner == HERE and viewer.full
        case Kind.COMMUNITY:
            return _in_community(owner, viewer, post, world)
        case Kind.FOLLOWERS:
            return _follows(asked, viewer, world)
        case Kind.DIRECT:
            return _is_named(asked, viewer)


def _in_network(origin: int, viewer: Viewer, created_at: int, world: Facts) -> bool:
    """Full members of the network's node, and of nodes that were sisters then and still are.

    We know full members of our own node only. Of another node we know whether it is our sister;
    its server decides who of its people is a full member there, as we do for ours. Sisterhood is
    not transitive: for a network elsewhere only its own node's people and ours come into question.
    """
    if viewer.kind is ViewerKind.LOCAL:
        return viewer.full and (origin == HERE or _was_sister(origin, created_at, world))
    if viewer.kind is ViewerKind.ANONYMOUS:
        return False
    return origin in {HERE, viewer.origin} and _was_sister(viewer.origin, created_at, world)


def _was_sister(origin: int, at: int, world: Facts) -> bool:
    """Whether `origin` was our sister at that time and still is: a new sister reads only on."""
    agreement = world.sister(origin)
    if agreement is None or (agreement.until is not None and agreement.until <= world.now):
        return False
    return agreement.since <= at


def _in_community(community: int, viewer: Viewer, post: PostFacts, world: Facts) -> bool:
    """An active member now; with `since joining`, of young threads, or of what came afterwards.

    The times asked are those of the post even where the pair is the root's: a late member reads an
    old thread from the first post after joining, so the root's own age must not close it.
    """
    standing = world.membership(community, viewer.actor) if viewer.actor else None
    if standing is None or standing.state is not MembershipState.ACTIVE:
        return False
    if standing.until is not None and standing.until <= world.now:
        return False
    if standing.history is History.ALL:
        return True
    return max(post.root_created_at, post.created_at) >= standing.since


def _follows(asked: _Asked, viewer: Viewer, world: Facts) -> bool:
    if not viewer.actor:
        return False
    owner = asked.audience.owner
    return viewer.actor == owner or _is_named(asked, viewer) or world.follows(viewer.actor, owner)


def _is_named(asked: _Asked, viewer: Viewer) -> bool:
    return bool(viewer.actor) and (viewer.actor == asked.author or viewer.actor in asked.named)


def hidden_by_block(viewer: int, author: int, blocks: Collection[tuple[int, int]]) -> bool:
    """Whether a block hides `author` from `viewer`; it works both ways.

    `blocks` holds pairs (who blocks, who is blocked). Applies to lists, streams, notifications and
    relays, to single posts and not to threads; notices of stewards are never asked.
    """
    return (viewer, author) in blocks or (author, viewer) in blocks


def includes(wider: Audience, narrower: Audience) -> bool:
    """Whether every reader by `narrower` is a reader by `wider`, whatever happens to the world.

    Says nothing of people who read because they are named: see `counts_for`.
    """
    if wider == narrower or wider.kind is Kind.PUBLIC:
        return True
    return (wider.kind, narrower.kind, wider.owner) == (Kind.NETWORK, Kind.NODE, narrower.owner)


def counts_for(post: PostFacts, reply: PostFacts) -> bool:
    """Whether `reply` counts in the figures of `post`: all who read the post may read it.

    Otherwise a number would tell people of words that they cannot see. Decided from the posts
    alone: each pair that the reply asks must admit everybody whom some pair of the post admits.
    Where time matters, an earlier time stamp than the post's would leave out readers of a younger
    sisterhood or membership, so it does not count. Elsewhere it does: clocks differ, and many
    servers tell whole seconds.
    """
    if not reply.accepted or (_is_dated(reply) and _thread_time(reply) < _thread_time(post)):
        return False
    return all(any(_covers(asked, given) for given in _pairs(post)) for asked in _pairs(reply))


def _is_dated(post: PostFacts) -> bool:
    """Whether a community's history rule is asked, which goes by the time of the thread."""
    return any(asked.audience.kind is Kind.COMMUNITY for asked in _pairs(post))


def _thread_time(post: PostFacts) -> int:
    return max(post.created_at, post.root_created_at)


def _covers(wider: _Asked, narrower: _Asked) -> bool:
    if not includes(wider.audience, narrower.audience):
        return False
    if wider.audience.kind is Kind.NETWORK and wider.created_at < narrower.created_at:
        return False
    if wider.audience.kind not in NAMED:
        return True
    reached = wider.named | {wider.author, wider.audience.owner}
    return narrower.named | {narrower.author} <= reached
