"""Laws of the one predicate over generated worlds, and what those worlds have to hold."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.addressing import meet
from domain.audience import Audience, Kind, PostFacts, Viewer, counts_for, includes, may_read
from domain.kinds import FollowState, History, MembershipState
from tests.support.worlds import ELSEWHERE, NOW, Knowledge, World, world, worlds

LAWS = settings(max_examples=60, deadline=None)


def all_posts(of: World) -> Iterator[PostFacts]:
    return map(of.facts_of, of.posts)


def reads(of: World) -> set[tuple[Viewer, int]]:
    known = Knowledge(of)
    return {
        (viewer, facts.id)
        for facts in all_posts(of)
        for _, viewer in of.viewers()
        if may_read(viewer, facts, known)
    }


def is_kept(of: World, facts: PostFacts) -> bool:
    root = of.post(facts.root_id)
    return root.audience != root.root_audience


@LAWS
@given(worlds())
def test_law_no_answer_is_wider_than_its_root(of: World) -> None:
    """Except for authors, and for late members of a community, whom an old root stays hidden."""
    known = Knowledge(of)
    for facts in all_posts(of):
        # In a thread kept on this node, names are checked when a direct answer is written.
        if facts.audience.kind is Kind.DIRECT and is_kept(of, facts):
            continue
        root = of.facts_of(of.post(facts.root_id))
        late = replace(root, created_at=facts.created_at, root_created_at=facts.root_created_at)
        for _, viewer in of.viewers():
            if may_read(viewer, facts, known) and viewer.actor != facts.author:
                in_time = may_read(viewer, root, known)
                assert in_time or root.audience.kind is Kind.COMMUNITY
                assert in_time or may_read(viewer, late, known)


@LAWS
@given(worlds())
def test_law_losing_something_never_widens(of: World) -> None:
    before = reads(of)
    for less in narrower_worlds(of):
        assert reads(less) <= before


def narrower_worlds(of: World) -> Iterator[World]:
    yield replace(of, follows=of.follows[1:])
    yield replace(of, follows=tuple(replace(f, state=FollowState.PENDING) for f in of.follows))
    yield replace(of, memberships=of.memberships[2:])
    for state in (MembershipState.REMOVED, MembershipState.INVITED):
        yield replace(of, memberships=tuple(replace(m, state=state) for m in of.memberships))
    yield replace(of, memberships=tuple(replace(m, until=NOW) for m in of.memberships))
    yield replace(
        of, memberships=tuple(replace(m, since=m.since + 100_000) for m in of.memberships)
    )
    since = tuple(replace(c, history=History.SINCE_JOINING) for c in of.communities)
    yield replace(of, communities=since)
    yield replace(of, agreements=of.agreements[1:])
    yield replace(of, agreements=tuple(replace(a, active=False) for a in of.agreements))
    yield replace(of, agreements=tuple(replace(a, since=a.since + 100_000) for a in of.agreements))
    yield replace(of, agreements=tuple(replace(a, until=NOW) for a in of.agreements))
    yield replace(of, now=of.now + 1)
    yield replace(of, now=of.now + 10_000_000)


@LAWS
@given(worlds())
def test_law_gaining_something_widens_only_for_whom_it_is_meant(of: World) -> None:
    before = reads(of)
    accepted = tuple(replace(f, state=FollowState.ACCEPTED) for f in of.follows)
    granted = {(f.follower, f.target) for f in of.follows if f.state is FollowState.PENDING}
    for viewer, post_id in reads(replace(of, follows=accepted)) - before:
        facts = of.facts_of(of.post(post_id))
        owners = {
            a.owner for a in (facts.audience, facts.root_audience) if a.kind is Kind.FOLLOWERS
        }
        assert any((viewer.actor, owner) in granted for owner in owners)
    joined = tuple(replace(m, state=MembershipState.ACTIVE, until=None) for m in of.memberships)
    members = {(m.community, m.actor) for m in of.memberships}
    for viewer, post_id in reads(replace(of, memberships=joined)) - before:
        facts = of.facts_of(of.post(post_id))
        owners = {
            a.owner for a in (facts.audience, facts.root_audience) if a.kind is Kind.COMMUNITY
        }
        assert any((owner, viewer.actor) in members for owner in owners)


@LAWS
@given(worlds())
def test_law_a_sister_widens_network_posts_alone(of: World) -> None:
    before = reads(of)
    longer = tuple(replace(a, active=True, until=None) for a in of.agreements)
    for viewer, post_id in reads(replace(of, agreements=longer)) - before:
        facts = of.facts_of(of.post(post_id))
        assert Kind.NETWORK in {facts.audience.kind, facts.root_audience.kind}
        assert viewer.full or viewer.origin in ELSEWHERE


@LAWS
@given(worlds())
def test_law_guests_and_strangers_read_no_network_and_no_node(of: World) -> None:
    known = Knowledge(of)
    for facts in all_posts(of):
        if {facts.audience.kind, facts.root_audience.kind} & {Kind.NETWORK, Kind.NODE}:
            for what, viewer in of.viewers():
                if what in {"anonymous", "guest"} or what.startswith("stranger's"):
                    own = viewer.actor == facts.author
                    assert own or not may_read(viewer, facts, known), what


@LAWS
@given(worlds(), st.integers(0, 2**32))
def test_law_meet_is_never_wider_than_either(of: World, seed: int) -> None:
    known, pairs = Knowledge(of), sorted({p.audience for p in of.posts})
    for facts in all_posts(of):
        wish = pairs[seed % len(pairs)]
        met = replace(facts, audience=meet(wish, facts.root_audience))
        asked = replace(facts, audience=wish, root_audience=Audience.public())
        for _, viewer in of.viewers():
            if may_read(viewer, met, known) and viewer.actor != facts.author:
                assert may_read(viewer, asked, known)
                assert may_read(
                    viewer,
                    replace(
                        facts,
                        audience=facts.root_audience,
                        named=facts.root_named | facts.named | {facts.root_author},
                    ),
                    known,
                )


@LAWS
@given(worlds())
def test_law_what_counts_is_readable_by_every_reader(of: World) -> None:
    known = Knowledge(of)
    for one in all_posts(of):
        for other in all_posts(of):
            if one.root_id == other.root_id and counts_for(one, other):
                for _, viewer in of.viewers():
                    if viewer.actor != one.author and may_read(viewer, one, known):
                        assert may_read(viewer, other, known)


@LAWS
@given(worlds())
def test_law_includes_holds_in_every_world(of: World) -> None:
    known, pairs = Knowledge(of), {p.audience for p in of.posts}
    for wide in pairs:
        for narrow in pairs:
            if includes(wide, narrow):
                small = PostFacts.of_root(1, author=1, audience=narrow, created_at=NOW)
                for _, viewer in of.viewers():
                    if may_read(viewer, small, known):
                        assert may_read(
                            viewer, replace(small, audience=wide, root_audience=wide), known
                        )


# Coverage: a run proves nothing unless every kind met every viewer with every possible outcome.

PEOPLE = {"member", "guest", "sister's person", "stranger's person"}
VIEWERS = PEOPLE | {"anonymous", "sister's node", "stranger's node"}
ADMITTED = {
    Kind.PUBLIC: VIEWERS,
    Kind.NETWORK: {"member", "sister's person", "sister's node"},
    Kind.NODE: {"member"},
    Kind.COMMUNITY: PEOPLE,
    Kind.FOLLOWERS: PEOPLE,
    Kind.DIRECT: PEOPLE,
}


def test_worlds_hit_every_kind_viewer_and_outcome() -> None:
    starts: Counter[tuple[Kind, str, bool]] = Counter()
    answers: Counter[tuple[Kind, Kind, bool]] = Counter()
    for seed in range(150):
        of = world(seed)
        known = Knowledge(of)
        for facts in all_posts(of):
            for what, viewer in of.viewers():
                if viewer.actor == facts.author:
                    continue
                outcome = may_read(viewer, facts, known)
                if facts.id == facts.root_id:
                    if facts.audience == facts.root_audience:
                        starts[facts.audience.kind, what, outcome] += 1
                else:
                    answers[facts.audience.kind, facts.root_audience.kind, outcome] += 1
    possible = {
        (kind, what, outcome)
        for kind in Kind
        for what in VIEWERS
        for outcome in (True, False)
        if (what in ADMITTED[kind] if outcome else kind is not Kind.PUBLIC)
    }
    assert set(starts) == possible
    for own in Kind:
        for root in Kind:
            assert answers[own, root, False] or (own, root) == (Kind.PUBLIC, Kind.PUBLIC)
            assert answers[own, root, True], (own, root)


def test_worlds_hold_what_they_promise() -> None:
    seen = [world(seed) for seed in range(40)]
    assert {m.state for of in seen for m in of.memberships} == set(MembershipState)
    assert {f.state for of in seen for f in of.follows} == set(FollowState)
    assert any(a.until == NOW for of in seen for a in of.agreements)
    assert any(m.until and m.until < NOW for of in seen for m in of.memberships)
    assert any(is_kept(of, of.facts_of(p)) for of in seen for p in of.posts)
    assert all(of.blocks for of in seen)
    assert world(7) == world(7)
