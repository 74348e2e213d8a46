"""Follow, Join, Leave, Invite of communities, and the answers: who may say them (protocol §5)."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from domain.kinds import ActorType, FollowState, Joining, Life, MembershipState, Preset
from domain.node import HELPER_HANDLE
from federation.discovery import find_actor
from social import communities as use
from social import memberships
from social.accounts import insert_local_actor
from social.follows import follow
from social.mentions import place_of
from storage.queries import actors, communities, disclosures, follows, origins
from storage.queries.ids import new_id
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.giving import dropped, give, in_vain, known
from tests.inbox.home import LEDGER, Home
from tests.support.stranger import Page, Person, Stranger

MEMBERSHIP = {
    "type": "tertulia:Membership",
    "startTime": "2026-11-01T00:00:00Z",
    "tertulia:preset": "partners",
    "tertulia:history": "since joining",
    "tertulia:purpose": "To <b>lift",
}
_SAID = select(posts.c.source)


@pytest.fixture
async def helper(here: Home) -> None:
    """The helper, who tells people."""

    def make(tx: Tx) -> None:
        insert_local_actor(
            tx,
            node=here.node,
            actor_id=new_id(tx),
            handle=HELPER_HANDLE,
            kind=ActorType.SERVICE,
            keys=None,
        )

    await here.db.write(make)


@pytest.fixture
async def club(here: Home, b: Stranger, alice: ActorView) -> Person:
    """A community on B, known here already; of ours it lists Alice."""
    group = b.person("club", kind="Group")
    document = {"type": "OrderedCollection", "orderedItems": [alice.uri]}
    b.pages[f"{group.path}/followers_sync"] = Page(document)
    await find_actor(here.fetcher, group.uri)
    return group


async def said(here: Home) -> list[str]:
    return await here.db.read(lambda tx: [str(row[0]) for row in tx.all(_SAID)])


async def state(here: Home, group: Person, person: ActorView) -> MembershipState | None:
    there = await known(here, group)
    row = await here.db.read(communities.member, there.id, person.id)
    return None if row is None else row.state


async def ask(here: Home, group: Person, person: ActorView) -> str:
    """Somebody here asks to join; the id of the Follow."""
    target = await known(here, group)
    await here.db.write(follow, node=here.node, follower_id=person.id, target_id=target.id)
    row = await here.db.read(follows.find, person.id, target.id)
    assert row is not None
    return row.uri


def answer(
    b: Stranger, group: Person, person: ActorView, uri: str, kind: str = "Accept", **more: Any
) -> dict[str, Any]:
    inner = {"type": "Follow", "id": uri, "actor": person.uri, "object": group.uri}
    return b.activity(group, kind, inner, **more)


# Invitations.


@pytest.mark.interop("Invite", "in", "is told; following accepts it", peer="a stranger")
async def test_an_invitation_is_told_once_and_accepted_by_following(
    here: Home, b: Stranger, club: Person, alice: ActorView, helper: None
) -> None:
    for _ in range(2):
        invite = b.activity(club, "Invite", club.uri, to=[alice.uri], result=MEMBERSHIP)
        await give(here, club, invite)
    (told,) = await said(here)
    assert f"follow @club@{b.authority}" in told
    assert "To <b>lift" in told
    assert await state(here, club, alice) is MembershipState.INVITED
    await ask(here, club, alice)
    assert await state(here, club, alice) is MembershipState.REQUESTED


@pytest.mark.interop("Invite", "in", "refused: by anybody but the community", peer="a stranger")
@pytest.mark.parametrize("wrong", ["person", "other", "nobody", "stranger"])
async def test_nobody_else_invites(
    here: Home, b: Stranger, club: Person, ana: Person, alice: ActorView, helper: None, wrong: str
) -> None:
    """A person, a community into another, to nobody here, to somebody who does not exist."""
    signer = ana if wrong == "person" else club
    into = ana.uri if wrong == "other" else signer.uri
    to = {"nobody": [], "stranger": [here.node.actor(7)]}.get(wrong, [alice.uri])
    before = await here.digest(without=LEDGER)
    await give(here, signer, b.activity(signer, "Invite", into, to=to, result=MEMBERSHIP))
    assert await dropped(here) is not None
    assert await here.digest(without=LEDGER) == before


# Answers.


@pytest.mark.interop(
    "Accept{Follow}", "in", "a member, on the community's terms", peer="a stranger"
)
async def test_an_accept_makes_a_member_on_the_terms_of_the_community(
    here: Home, b: Stranger, club: Person, alice: ActorView, helper: None
) -> None:
    uri = await ask(here, club, alice)
    await give(here, club, answer(b, club, alice, uri, result=MEMBERSHIP))
    assert await state(here, club, alice) is MembershipState.ACTIVE
    there = await known(here, club)
    row = await here.db.read(communities.by_id, there.id)
    assert row is not None
    assert (row.preset, row.history.name) == (Preset.PARTNERS, "SINCE_JOINING")
    member = await here.db.read(communities.member, there.id, alice.id)
    assert member is not None
    assert member.since == 1_793_491_200_000
    assert "You belong to Club now" in (await said(here))[-1]
    assert "backfill" in [job[1] for job in await here.rows("jobs")]


async def test_an_accept_that_nobody_asked_for_makes_nobody_a_member(
    here: Home, b: Stranger, club: Person, alice: ActorView
) -> None:
    uri = here.node.activity(5)
    before = await here.digest(without=LEDGER)
    await give(here, club, answer(b, club, alice, uri, result=MEMBERSHIP))
    assert await dropped(here) is not None
    assert await here.digest(without=LEDGER) == before


async def test_another_community_accepts_for_itself_alone(
    here: Home, b: Stranger, e: Stranger, club: Person, alice: ActorView
) -> None:
    evil = e.person("club", kind="Group", key=1)
    await find_actor(here.fetcher, evil.uri)
    uri = await ask(here, club, alice)
    await give(here, evil, answer(e, club, alice, uri, result=MEMBERSHIP) | {"actor": evil.uri})
    assert await state(here, club, alice) is MembershipState.REQUESTED
    assert await state(here, evil, alice) is None


@pytest.mark.interop("Accept{Follow}", "in", "a group is shown as a community", peer="a stranger")
@pytest.mark.parametrize("form", ["whole", "id"])
async def test_a_group_of_another_kind_is_open_to_the_world(
    here: Home, b: Stranger, club: Person, alice: ActorView, form: str
) -> None:
    uri = await ask(here, club, alice)
    if form == "id":  # as some servers answer
        await in_vain(here, club, b.activity(club, "Accept", f"{uri}0"))
        await give(here, club, b.activity(club, "Accept", uri))
    else:
        await give(here, club, answer(b, club, alice, uri))
    there = await known(here, club)
    row = await here.db.read(follows.find, alice.id, there.id)
    assert row is not None
    assert row.state is FollowState.ACCEPTED
    assert await state(here, club, alice) is MembershipState.ACTIVE
    group = await here.db.read(communities.by_id, there.id)
    assert group is not None
    assert (group.preset, group.joining) == (Preset.WORLD, Joining.OPEN)


async def test_what_was_for_members_does_not_become_the_worlds(
    here: Home, b: Stranger, club: Person, alice: ActorView
) -> None:
    """By no word of its node: members wrote there for members (design §1, rule 8)."""
    bob = await here.someone("bob")
    terms = MEMBERSHIP | {"tertulia:listed": True}
    await give(here, club, answer(b, club, alice, await ask(here, club, alice), result=terms))
    there = await known(here, club)
    for later in (None, terms | {"tertulia:preset": "world"}):
        more: dict[str, Any] = {} if later is None else {"result": later}
        uri = await ask(here, club, bob)
        await give(here, club, answer(b, club, bob, uri, **more))
        row = await here.db.read(communities.by_id, there.id)
        assert row is not None
        assert row.preset is Preset.PARTNERS
    group = await here.db.read(actors.by_id, there.id)
    assert group is not None
    place = await here.db.read(place_of, group)
    assert place.members_only


async def test_a_late_accept_after_leaving_makes_nobody_a_member(
    here: Home, b: Stranger, club: Person, alice: ActorView
) -> None:
    uri = await ask(here, club, alice)
    there = await known(here, club)
    await here.db.write(memberships.leave, node=here.node, actor_id=alice.id, community_id=there.id)
    await give(here, club, answer(b, club, alice, uri, result=MEMBERSHIP))
    assert await state(here, club, alice) is None


@pytest.mark.interop(
    "Reject{Follow}", "in", "ends a membership, with the reason", peer="a stranger"
)
async def test_a_reject_ends_a_membership_and_says_why(
    here: Home, b: Stranger, club: Person, alice: ActorView, helper: None
) -> None:
    uri = await ask(here, club, alice)
    await give(here, club, answer(b, club, alice, uri, result=MEMBERSHIP))
    await give(here, club, answer(b, club, alice, uri, "Reject", summary="Over"))
    assert await state(here, club, alice) is MembershipState.REMOVED
    assert "Over" in (await said(here))[-1]
    there = await known(here, club)
    assert await here.db.read(follows.find, alice.id, there.id) is None


# Our own community, asked by others.


@pytest.fixture
async def ours(here: Home, alice: ActorView, b: Stranger) -> ActorView:
    """A community here that B knows of."""

    def make(tx: Tx) -> int:
        community_id = use.found(
            tx,
            node=here.node,
            handle="lifting",
            name="Lifting",
            purpose="To lift",
            preset=Preset.PARTNERS,
            by_id=alice.id,
            keys=None,
        )
        row = communities.by_id(tx, community_id)
        assert row is not None
        communities.update_community(tx, replace(row, life=Life.ACTIVE))
        disclosures.disclose(tx, [community_id], [origins.origin_id(tx, b.origin)])
        return community_id

    found = await here.db.read(actors.by_id, await here.db.write(make))
    assert found is not None
    return found


@pytest.mark.interop("Follow", "in", "of a community: asks to join", peer="a stranger")
@pytest.mark.interop("Join", "in", "asks to join a community", peer="a stranger")
@pytest.mark.parametrize("kind", ["Follow", "Join"])
async def test_follow_and_join_are_the_same_request(
    here: Home, b: Stranger, ana: Person, ours: ActorView, kind: str
) -> None:
    await give(here, ana, b.activity(ana, kind, ours.uri))
    row = await here.db.read(communities.member, ours.id, (await known(here, ana)).id)
    assert row is not None
    assert row.state is MembershipState.REQUESTED


@pytest.mark.interop("Leave", "in", "leaves a community", peer="a stranger")
@pytest.mark.interop("Undo{Follow}", "in", "leaves a community", peer="a stranger")
@pytest.mark.parametrize("kind", ["Leave", "Undo"])
async def test_leave_and_undo_are_the_same_end(
    here: Home, b: Stranger, ana: Person, ours: ActorView, kind: str
) -> None:
    asked = b.activity(ana, "Follow", ours.uri)
    await give(here, ana, asked)
    person = await known(here, ana)
    await here.db.write(
        memberships.approve, node=here.node, community_id=ours.id, actor_id=person.id, by_id=0
    )
    about = ours.uri if kind == "Leave" else asked
    await give(here, ana, b.activity(ana, kind, about))
    row = await here.db.read(communities.member, ours.id, person.id)
    assert row is not None
    assert row.state is MembershipState.LEFT


async def test_joining_a_person_is_nothing(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await give(here, ana, b.activity(ana, "Join", alice.uri))
    assert await dropped(here) == "there is nothing of that id to join"


@pytest.mark.interop("Leave", "in", "refused: for somebody else", peer="a stranger")
async def test_nobody_leaves_for_somebody_else(
    here: Home, b: Stranger, ana: Person, mallory: Person, ours: ActorView
) -> None:
    asked = b.activity(ana, "Follow", ours.uri)
    await give(here, ana, asked)
    await give(here, mallory, mallory.server.activity(mallory, "Leave", ours.uri))
    await give(here, mallory, mallory.server.activity(mallory, "Undo", asked))
    row = await here.db.read(communities.member, ours.id, (await known(here, ana)).id)
    assert row is not None
    assert row.state is MembershipState.REQUESTED


async def test_software_that_breaks_the_promise_is_asked_for_and_refused(
    here: Home, b: Stranger, ana: Person, ours: ActorView
) -> None:
    rel = "http://nodeinfo.diaspora.software/ns/schema/2.0"
    links = {"links": [{"rel": rel, "href": b.url("/nodeinfo/2.0")}]}
    b.pages["/.well-known/nodeinfo"] = Page(links, type="application/json")
    info = {"software": {"name": "Lemmy"}}
    b.pages["/nodeinfo/2.0"] = Page(info, type="application/json")
    await give(here, ana, b.activity(ana, "Follow", ours.uri))
    assert await here.db.read(communities.member, ours.id, (await known(here, ana)).id) is None
    bodies = [row[6] for row in await here.rows("activities")]
    assert any(b"your server would show" in body for body in bodies if isinstance(body, bytes))
