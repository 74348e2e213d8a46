"""The one predicate: each row of protocol §1 by example; its laws are in test_audience_laws."""

from dataclasses import dataclass, field, replace

import pytest

from domain.audience import (
    ANONYMOUS,
    Audience,
    Kind,
    Membership,
    PostFacts,
    Sisterhood,
    Viewer,
    ViewerKind,
    counts_for,
    hidden_by_block,
    may_read,
)
from domain.ids import HERE
from domain.kinds import History, MembershipState

ANA, BO, GUEST, CY, DEE, GROUP = 10, 11, 12, 20, 30, 90
SISTER, STRANGER = 2, 3
MEMBER_ANA, MEMBER_BO = Viewer.local(ANA, full=True), Viewer.local(BO, full=True)
GUEST_HERE = Viewer.local(GUEST, full=False)
CY_AT_SISTER, DEE_AT_STRANGER = Viewer.remote(CY, SISTER), Viewer.remote(DEE, STRANGER)
SISTER_NODE, STRANGER_NODE = Viewer.node(SISTER), Viewer.node(STRANGER)
EVERYBODY = {
    "anonymous": ANONYMOUS,
    "bo": MEMBER_BO,
    "guest": GUEST_HERE,
    "cy": CY_AT_SISTER,
    "dee": DEE_AT_STRANGER,
    "sister node": SISTER_NODE,
    "stranger node": STRANGER_NODE,
}


@dataclass
class Known:
    """A hand-made state of the world at the moment 1000."""

    now: int = 1000
    sisters: dict[int, Sisterhood] = field(default_factory=dict)
    members: dict[tuple[int, int], Membership] = field(default_factory=dict)
    followers: set[tuple[int, int]] = field(default_factory=set)

    def sister(self, origin: int) -> Sisterhood | None:
        return self.sisters.get(origin)

    def membership(self, community: int, actor: int) -> Membership | None:
        return self.members.get((community, actor))

    def follows(self, follower: int, target: int) -> bool:
        return (follower, target) in self.followers


def post(audience: Audience, at: int = 500, named: frozenset[int] = frozenset()) -> PostFacts:
    return PostFacts.of_root(1, author=ANA, audience=audience, created_at=at, named=named)


def answer(
    root: PostFacts,
    audience: Audience,
    *,
    author: int = ANA,
    at: int = 600,
    named: set[int] | None = None,
) -> PostFacts:
    return replace(
        root,
        id=2,
        author=author,
        audience=audience,
        created_at=at,
        named=frozenset(named or ()),
        root_audience=root.audience,
    )


def readers(facts: PostFacts, known: Known) -> set[str]:
    return {name for name, viewer in EVERYBODY.items() if may_read(viewer, facts, known)}


# The rows of the table, each with those who read and those who do not.


def test_public_is_read_by_everybody() -> None:
    assert readers(post(Audience.public()), Known()) == set(EVERYBODY)


def test_our_network_is_read_by_full_members_and_sisters_of_that_time() -> None:
    known = Known(sisters={SISTER: Sisterhood(since=500)})
    assert readers(post(Audience.network(HERE), at=500), known) == {"bo", "cy", "sister node"}
    assert readers(post(Audience.network(HERE), at=499), known) == {"bo"}


def test_a_former_sister_reads_nothing_of_our_network() -> None:
    ended = Known(sisters={SISTER: Sisterhood(since=0, until=1000)})
    lasting = Known(sisters={SISTER: Sisterhood(since=0, until=1001)})
    assert readers(post(Audience.network(HERE)), ended) == {"bo"}
    assert readers(post(Audience.network(HERE)), lasting) == {"bo", "cy", "sister node"}


def test_a_sisters_network_is_read_by_full_members_here_and_by_its_own_people() -> None:
    known = Known(sisters={SISTER: Sisterhood(since=500), STRANGER: Sisterhood(since=0)})
    theirs = Audience.network(SISTER)
    assert readers(post(theirs), known) == {"bo", "cy", "sister node"}
    assert readers(post(theirs, at=499), known) == set()


def test_sisterhood_is_not_transitive() -> None:
    known = Known(sisters={SISTER: Sisterhood(since=0)})
    assert readers(post(Audience.network(STRANGER)), known) == set()
    both = Known(sisters={SISTER: Sisterhood(since=0), STRANGER: Sisterhood(since=0)})
    assert "dee" not in readers(post(Audience.network(SISTER)), both)


def test_node_is_read_by_full_members_here_alone() -> None:
    known = Known(sisters={SISTER: Sisterhood(since=0)})
    assert readers(post(Audience.node(HERE)), known) == {"bo"}
    assert readers(post(Audience.node(SISTER)), known) == set()


def membership(actor: int, **changes: object) -> Known:
    standing = Membership(MembershipState.ACTIVE, since=100)
    return Known(members={(GROUP, actor): replace(standing, **changes)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "actor"), [("bo", BO), ("guest", GUEST), ("cy", CY), ("dee", DEE)]
)
def test_community_is_read_by_its_active_members_wherever_they_live(name: str, actor: int) -> None:
    assert readers(post(Audience.community(GROUP)), membership(actor)) == {name}
    assert readers(post(Audience.community(GROUP + 1)), membership(actor)) == set()


@pytest.mark.parametrize("state", [s for s in MembershipState if s is not MembershipState.ACTIVE])
def test_pending_invited_and_removed_members_are_outsiders(state: MembershipState) -> None:
    assert readers(post(Audience.community(GROUP)), membership(BO, state=state)) == set()


def test_an_expired_membership_is_none() -> None:
    assert readers(post(Audience.community(GROUP)), membership(BO, until=1000)) == set()
    assert readers(post(Audience.community(GROUP)), membership(BO, until=1001)) == {"bo"}


def test_history_all_shows_what_was_before_joining() -> None:
    assert readers(post(Audience.community(GROUP), at=99), membership(BO)) == {"bo"}


def test_history_since_joining_hides_old_threads_until_the_first_post_after_it() -> None:
    known = membership(BO, history=History.SINCE_JOINING)
    community = Audience.community(GROUP)
    old = post(community, at=99)
    assert readers(old, known) == set()
    assert readers(answer(old, community, at=99), known) == set()
    assert readers(answer(old, community, at=100), known) == {"bo"}
    assert readers(post(community, at=100), known) == {"bo"}


def test_history_since_joining_shows_young_threads_whatever_an_answers_clock_says() -> None:
    known = membership(BO, history=History.SINCE_JOINING)
    young = post(Audience.community(GROUP), at=100)
    assert readers(answer(young, young.audience, at=50), known) == {"bo"}


def test_followers_is_read_by_accepted_followers_and_the_named() -> None:
    known = Known(followers={(GUEST, ANA), (DEE, ANA), (ANA, BO)})
    mine = Audience.followers(ANA)
    assert readers(post(mine), known) == {"guest", "dee"}
    assert readers(post(mine, named=frozenset({BO, CY})), known) == {"guest", "dee", "bo", "cy"}


def test_followers_of_the_roots_owner_read_an_answer_with_that_audience() -> None:
    known = Known(followers={(GUEST, ANA), (CY, BO)})
    root = post(Audience.followers(ANA))
    assert readers(answer(root, root.audience, author=BO), known) == {"guest", "bo"}
    assert may_read(MEMBER_ANA, answer(root, root.audience, author=BO), known)


def test_direct_is_read_by_its_author_and_the_named() -> None:
    facts = post(Audience.direct(), named=frozenset({CY}))
    assert readers(facts, Known(followers={(BO, ANA)})) == {"cy"}
    assert may_read(MEMBER_ANA, facts, Known())


def test_a_nodes_own_actor_reads_only_public_and_network() -> None:
    known = Known(sisters={SISTER: Sisterhood(since=0)}, followers={(0, ANA)})
    for audience in (Audience.community(GROUP), Audience.followers(ANA), Audience.direct()):
        facts = post(audience, named=frozenset({0}))
        assert not may_read(SISTER_NODE, facts, known)
        assert not may_read(ANONYMOUS, facts, known)


def test_authors_read_their_own_words_whatever_they_lost() -> None:
    removed = membership(ANA, state=MembershipState.REMOVED)
    assert may_read(MEMBER_ANA, post(Audience.community(GROUP)), removed)
    assert not may_read(MEMBER_BO, post(Audience.community(GROUP)), removed)


def test_nobody_is_not_the_author_of_a_post_without_one() -> None:
    facts = replace(post(Audience.direct()), author=0)
    assert readers(facts, Known()) == set()


# Two pairs.


def test_an_answer_is_read_only_by_readers_of_its_root() -> None:
    known = Known(followers={(GUEST, ANA)})
    root = post(Audience.followers(ANA))
    assert readers(answer(root, Audience.public()), known) == {"guest"}


def test_a_name_in_an_answer_does_not_open_the_root() -> None:
    root = post(Audience.followers(ANA))
    named = answer(root, root.audience, author=GUEST, named={BO})
    assert not may_read(MEMBER_BO, named, Known(followers={(GUEST, ANA)}))
    assert may_read(MEMBER_BO, named, Known(followers={(GUEST, ANA), (BO, ANA)}))


def test_a_name_in_the_root_does_not_open_a_direct_answer() -> None:
    root = post(Audience.direct(), named=frozenset({BO, CY}))
    facts = answer(root, Audience.direct(), author=BO, named={ANA})
    assert readers(facts, Known()) == {"bo"}
    assert may_read(MEMBER_ANA, facts, Known())


def test_a_followers_post_kept_here_is_read_by_full_members_who_follow() -> None:
    known = Known(followers={(BO, ANA), (GUEST, ANA), (CY, ANA)})
    kept = PostFacts.of_root(
        1,
        author=ANA,
        audience=Audience.followers(ANA),
        created_at=500,
        root_audience=Audience.node(HERE),
    )
    assert readers(kept, known) == {"bo"}
    assert readers(post(Audience.followers(ANA)), known) == {"bo", "guest", "cy"}


# Values that cannot be.


@pytest.mark.parametrize(
    ("kind", "owner"),
    [(kind, 0) for kind in (Kind.NETWORK, Kind.NODE, Kind.COMMUNITY, Kind.FOLLOWERS)]
    + [(Kind.PUBLIC, 1), (Kind.DIRECT, 1), (Kind.NODE, -1)],
)
def test_impossible_pairs_are_refused(kind: Kind, owner: int) -> None:
    with pytest.raises(ValueError, match="owner"):
        Audience(kind, owner)


def test_possible_pairs_are_made() -> None:
    assert Audience(Kind.NODE, HERE) == Audience.node(HERE)
    with pytest.raises(ValueError, match="7"):
        Audience(7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": ViewerKind.LOCAL, "actor": 0, "origin": HERE},
        {"kind": ViewerKind.LOCAL, "actor": 5, "origin": 2},
        {"kind": ViewerKind.REMOTE, "actor": 5, "origin": HERE},
        {"kind": ViewerKind.REMOTE, "actor": 5, "origin": 2, "full": True},
        {"kind": ViewerKind.NODE, "actor": 0, "origin": 2, "full": True},
        {"kind": ViewerKind.NODE, "actor": 5, "origin": 2},
        {"kind": ViewerKind.NODE, "actor": 0, "origin": HERE},
        {"kind": ViewerKind.ANONYMOUS, "actor": 5, "origin": 0},
        {"kind": ViewerKind.ANONYMOUS, "actor": 0, "origin": 2},
        {"kind": ViewerKind.ANONYMOUS, "actor": 0, "origin": 0, "full": True},
    ],
)
def test_impossible_viewers_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- one of four sentences
        Viewer(**bad)  # type: ignore[arg-type]


def test_a_block_hides_both_ways_and_nobody_else() -> None:
    blocks = {(ANA, BO)}
    assert hidden_by_block(ANA, BO, blocks)
    assert hidden_by_block(BO, ANA, blocks)
    assert not hidden_by_block(ANA, CY, blocks)


# Counters.


def test_an_answer_with_the_same_pairs_counts_and_a_narrower_does_not() -> None:
    root = post(Audience.network(HERE))
    assert counts_for(root, answer(root, Audience.network(HERE)))
    for narrower in (Audience.node(HERE), Audience.followers(ANA), Audience.direct()):
        assert not counts_for(root, answer(root, narrower))


def test_a_wider_answer_counts() -> None:
    root = post(Audience.public())
    small = answer(root, Audience.node(HERE))
    assert counts_for(small, answer(root, Audience.network(HERE), at=700))


def test_a_direct_answer_counts_only_if_it_names_everybody() -> None:
    root = post(Audience.direct(), named=frozenset({BO, CY}))
    assert counts_for(root, answer(root, Audience.direct(), author=BO, named={ANA, CY}))
    assert not counts_for(root, answer(root, Audience.direct(), author=BO, named={ANA}))
    assert not counts_for(root, answer(root, Audience.direct(), author=BO, named={CY}))


def test_an_answer_that_claims_to_be_older_does_not_count() -> None:
    root = post(Audience.network(HERE))
    assert not counts_for(root, answer(root, root.audience, at=400))


@pytest.mark.parametrize(
    "pair", [Audience.public(), Audience.community(GROUP), Audience.node(HERE)]
)
def test_where_time_gives_no_right_a_clock_that_lags_costs_no_answer(pair: Audience) -> None:
    root = post(pair)
    assert counts_for(root, answer(root, root.audience, at=400))


def test_an_answer_in_a_thread_kept_here_counts() -> None:
    mine = Audience.followers(ANA)
    kept = PostFacts.of_root(
        1, author=ANA, audience=mine, created_at=500, root_audience=Audience.node(HERE)
    )
    assert counts_for(kept, answer(kept, Audience.node(HERE)))
    assert not counts_for(kept, answer(kept, Audience.direct()))
