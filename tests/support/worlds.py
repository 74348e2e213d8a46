"""Small random worlds as plain data: who exists, who belongs to what, who wrote what.

Used twice: to test `domain.audience.may_read` by its laws, and to load tables and ask the SQL twin
the same questions. Every world holds our node and three others, sisters that are not transitive
(a sister's network is not ours to read further), guests, pending, ended and removed members,
blocks, and threads whose answers have other audiences than their root.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from hypothesis import strategies as st

from domain.addressing import meet
from domain.audience import ANONYMOUS as NOBODY
from domain.audience import Audience, Kind, Membership, PostFacts, Sisterhood, Viewer
from domain.ids import HERE, snowflake
from domain.kinds import (
    AccountState,
    ActorType,
    AgreementKind,
    FollowState,
    History,
    MembershipState,
    Role,
)

START = 1_790_000_000_000
"""When the worlds begin; everything happens within `SPAN` milliseconds of it."""
SPAN = 1_000_000
NOW = START + SPAN
ELSEWHERE = (2, 3, 4)


@dataclass(frozen=True, slots=True)
class OriginRow:
    """A server; HERE is ours."""

    id: int
    host: str


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """What we agreed with another node; a sister only if so by kind, active, and before `until`."""

    origin: int
    kind: AgreementKind
    since: int
    until: int | None
    active: bool


@dataclass(frozen=True, slots=True)
class ActorRow:
    """Anybody and anything that acts."""

    id: int
    origin: int
    type: ActorType
    handle: str


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A person's account here; `actor` is its actor's id."""

    actor: int
    role: Role
    state: AccountState


@dataclass(frozen=True, slots=True)
class FollowRow:
    follower: int
    target: int
    state: FollowState


@dataclass(frozen=True, slots=True)
class CommunityRow:
    actor: int
    history: History


@dataclass(frozen=True, slots=True)
class MembershipRow:
    community: int
    actor: int
    state: MembershipState
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class BlockRow:
    blocker: int
    blocked: int


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post with its pair, and what a row remembers of its root. A root is its own root."""

    id: int
    author: int
    audience: Audience
    created_at: int
    named: frozenset[int]
    root_id: int
    root_audience: Audience
    reply_to: int | None = None
    quiet: bool = False
    accepted: bool = True


@dataclass(frozen=True)
class World:
    """One state of everything at the moment `now`."""

    now: int
    origins: tuple[OriginRow, ...]
    agreements: tuple[AgreementRow, ...]
    actors: tuple[ActorRow, ...]
    accounts: tuple[AccountRow, ...]
    follows: tuple[FollowRow, ...]
    communities: tuple[CommunityRow, ...]
    memberships: tuple[MembershipRow, ...]
    blocks: tuple[BlockRow, ...]
    posts: tuple[PostRow, ...]

    def post(self, post_id: int) -> PostRow:
        return next(post for post in self.posts if post.id == post_id)

    def facts_of(self, post: PostRow) -> PostFacts:
        """What the predicate is asked about."""
        root = self.post(post.root_id)
        return PostFacts(
            *(post.id, post.author, post.audience, post.created_at, post.named),
            *(root.id, root.author, post.root_audience, root.created_at, root.named),
            accepted=post.accepted,
        )

    def viewers(self) -> Iterator[tuple[str, Viewer]]:
        """Everybody who can ask, with a word for what they are. Disabled accounts cannot."""
        yield "anonymous", NOBODY
        for account in self.accounts:
            if account.state is AccountState.ACTIVE:
                full = account.role is not Role.GUEST
                yield "member" if full else "guest", Viewer.local(account.actor, full=full)
        near = {origin for origin in ELSEWHERE if Knowledge(self).sister(origin)}
        for actor in self.actors:
            if actor.origin != HERE:
                what = "sister's" if actor.origin in near else "stranger's"
                if actor.type is ActorType.APPLICATION:
                    yield f"{what} node", Viewer.node(actor.origin)
                elif actor.type is ActorType.PERSON:
                    yield f"{what} person", Viewer.remote(actor.id, actor.origin)


class Knowledge:
    """`domain.audience.Facts`, answered from a world."""

    def __init__(self, world: World) -> None:
        self.now = world.now
        self._sisters = {
            row.origin: Sisterhood(row.since, row.until)
            for row in world.agreements
            if row.active
            and row.kind is AgreementKind.SISTER
            and (row.until is None or row.until > world.now)
        }
        history = {row.actor: row.history for row in world.communities}
        self._memberships = {
            (row.community, row.actor): Membership(
                row.state, row.since, row.until, history[row.community]
            )
            for row in world.memberships
        }
        self._follows = {
            (row.follower, row.target) for row in world.follows if row.state is FollowState.ACCEPTED
        }

    def sister(self, origin: int) -> Sisterhood | None:
        return self._sisters.get(origin)

    def membership(self, community: int, actor: int) -> Membership | None:
        return self._memberships.get((community, actor))

    def follows(self, follower: int, target: int) -> bool:
        return (follower, target) in self._follows


def worlds() -> st.SearchStrategy[World]:
    """Any world; the seed is what shrinks and what a failure prints."""
    return st.integers(0, 2**32 - 1).map(world)


def world(seed: int) -> World:
    """The world of this seed, the same on every machine."""
    return _Maker(Random(seed)).make()


class _Maker:
    """Draws one world."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._serial = 0

    def make(self) -> World:
        actors, accounts = self._people()
        groups = [self._actor(HERE, ActorType.GROUP) for _ in range(2)]
        groups.append(self._actor(2, ActorType.GROUP))
        writers = [
            actor.id for actor in actors if actor.type in {ActorType.PERSON, ActorType.SERVICE}
        ]
        communities = [
            CommunityRow(group.id, self._random.choice(list(History))) for group in groups
        ]
        pairs = [(one, other) for one in writers for other in writers if one != other]
        return World(
            now=NOW,
            origins=tuple(OriginRow(n, f"n{n}.example") for n in (HERE, *ELSEWHERE)),
            agreements=tuple(self._agreements()),
            actors=(*actors, *groups),
            accounts=tuple(accounts),
            follows=tuple(
                FollowRow(*pair, self._random.choice(list(FollowState)))
                for pair in pairs
                if self._random.random() < 0.35
            ),
            communities=tuple(communities),
            memberships=tuple(self._memberships([group.id for group in groups], writers)),
            blocks=tuple(BlockRow(*pair) for pair in pairs if self._random.random() < 0.05),
            posts=tuple(self._posts(writers, [group.id for group in groups])),
        )

    def _actor(self, origin: int, kind: ActorType) -> ActorRow:
        self._serial += 1
        number = snowflake(START - 1000, self._serial)
        return ActorRow(number, origin, kind, f"{kind.name.lower()}{self._serial}")

    def _people(self) -> tuple[list[ActorRow], list[AccountRow]]:
        roles = [Role.MEMBER, Role.MEMBER, Role.MODERATOR, Role.ADMIN, Role.GUEST, Role.GUEST]
        local = [self._actor(HERE, ActorType.PERSON) for _ in (*roles, Role.MEMBER)]
        accounts = [
            AccountRow(actor.id, role, AccountState.ACTIVE)
            for actor, role in zip(local, roles, strict=False)
        ]
        accounts.append(AccountRow(local[-1].id, Role.MEMBER, AccountState.DISABLED))
        foreign = [
            self._actor(origin, kind)
            for origin in ELSEWHERE
            for kind in (ActorType.APPLICATION, ActorType.PERSON, ActorType.PERSON)
        ]
        return [*local, *foreign], accounts

    def _moment(self) -> int:
        """Coarse, so that things happen at the same moment now and then."""
        return START + self._random.randrange(0, SPAN, SPAN // 40)

    def _end(self) -> int | None:
        return self._random.choice([None, None, None, self._moment(), NOW, NOW + 1, NOW + SPAN])

    def _agreements(self) -> Iterator[AgreementRow]:
        for origin in ELSEWHERE:
            if self._random.random() < 0.8:
                kind = self._random.choice([AgreementKind.SISTER] * 3 + [AgreementKind.PARTNER])
                active = self._random.random() < 0.85
                yield AgreementRow(origin, kind, self._moment(), self._end(), active)

    def _memberships(self, groups: list[int], people: list[int]) -> Iterator[MembershipRow]:
        for group in groups:
            for person in people:
                if self._random.random() < 0.75:
                    active = self._random.random() < 0.55
                    others = list(MembershipState)
                    state = MembershipState.ACTIVE if active else self._random.choice(others)
                    yield MembershipRow(group, person, state, self._moment(), self._end())

    def _audience(self, author: int, groups: list[int], people: list[int]) -> Audience:
        match self._random.choice(list(Kind)):
            case Kind.NETWORK:
                return Audience.network(self._random.choice([HERE, HERE, *ELSEWHERE]))
            case Kind.NODE:
                return Audience.node(self._random.choice([HERE, HERE, HERE, 2]))
            case Kind.COMMUNITY:
                return Audience.community(self._random.choice(groups))
            case Kind.FOLLOWERS:
                return Audience.followers(self._random.choice([author, author, *people]))
            case kind:
                return Audience(kind)

    def _named(self, people: list[int]) -> frozenset[int]:
        return frozenset(self._random.sample(people, self._random.choice([0, 0, 1, 2, 4])))

    def _posts(self, people: list[int], groups: list[int]) -> Iterator[PostRow]:
        made: list[PostRow] = []
        moments = sorted(self._moment() for _ in range(24))
        for number, moment in enumerate(moments):
            author = self._random.choice(people)
            identifier = snowflake(moment, number)
            if made and self._random.random() < 0.6:
                post = self._answer(identifier, author, moment, made, groups, people)
            else:
                post = self._start(identifier, author, moment, groups, people)
            if post.audience.kind is Kind.COMMUNITY and self._random.random() < 0.15:
                yield replace(post, accepted=False)  # seen by nobody, so answered by nobody
                continue
            made.append(post)
            yield post

    def _start(
        self, identifier: int, author: int, moment: int, groups: list[int], people: list[int]
    ) -> PostRow:
        audience = self._audience(author, groups, people)
        beside = audience
        if audience == Audience.followers(author) and self._random.random() < 0.25:
            beside = Audience.node(HERE)  # kept on this node
        quiet = self._random.random() < 0.2
        named = self._named(people)
        return PostRow(identifier, author, audience, moment, named, identifier, beside, None, quiet)

    def _answer(
        self,
        identifier: int,
        author: int,
        moment: int,
        made: list[PostRow],
        groups: list[int],
        people: list[int],
    ) -> PostRow:
        parent = self._random.choice(made)
        root = next(post for post in made if post.id == parent.root_id)
        named = self._named(people) | {parent.author}
        wish = self._random.choice([root.audience, self._audience(author, groups, people)])
        if root.root_audience != root.audience:
            # What is kept on this node stays there: its answers ask that pair as their own.
            audience = root.root_audience
        elif self._random.random() < 0.7:
            audience = meet(wish, root.audience)
        else:
            audience = wish  # what another server might send: the root's pair must hold alone
        return PostRow(
            identifier, author, audience, moment, named, root.id, root.audience, parent.id
        )
