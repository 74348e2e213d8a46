"""A membership in a community here ends: what goes, what is asked of others, who is told (§6)."""

from typing import Any

import orjson
import pytest
from msgspec import convert
from sqlalchemy import bindparam, func, select, update

from domain.audience import Audience
from domain.kinds import ActorType, Deed, DeliveryState, NotificationKind, Role
from domain.roles import CommunityRole
from social import memberships, notices, removal
from storage.queries import accounts, communities, deliveries, notifications, purges
from storage.queries.activities import insert_activity
from storage.queries.deliveries import Inbox
from storage.queries.ids import new_id
from storage.tables.jobs import jobs
from storage.tables.timelines import home_entries
from storage.tables.timelines import notifications as told_table
from storage.tables.traffic import deliveries as queue
from storage.tx import Tx
from tests.social.belonging import URI, Story, told
from tests.support.clubs import LAB, OPEN, Club, Guild
from tests.support.factories import (
    FAR,
    add_home_entry,
    add_membership,
    add_person,
    add_post,
    add_remote,
    add_wrapper,
)

_QUEUED = select(queue.c.activity_id, queue.c.inbox).order_by(queue.c.id)
_TOLD = select(func.count()).where(told_table.c.actor_id == bindparam("actor_id"))
_HOME = select(func.count()).where(home_entries.c.actor_id == bindparam("actor_id"))
_PARTED = select(jobs.c.payload).where(jobs.c.kind == removal.PARTED)
_DEAD = update(queue).values(state=DeliveryState.DEAD)


def queued(tx: Tx) -> set[str]:
    """The inboxes for which something waits, or was given up."""
    return {inbox for _, inbox in tx.all(_QUEUED)}


def queue_for(tx: Tx, club: Club, inbox: str, origin: int, *, recipient: int | None = None) -> int:
    """A delivery on behalf of the club."""
    activity_id = new_id(tx)
    insert_activity(
        tx,
        activity_id=activity_id,
        uri=f"https://here.example/act/{activity_id}",
        actor_id=club.id,
        post_id=None,
        community_id=club.id,
        recipient_id=recipient,
        body=b'{"type":"Announce"}',
    )
    place = Inbox(inbox, origin, "https://x.example")
    deliveries.insert_deliveries(tx, activity_id, [(new_id(tx), place)], subject=club.uri)
    return activity_id


def remove(club: Club, person: int, by: int, reason: str = "") -> None:
    """A steward removes somebody."""
    pair: dict[str, Any] = {"community_id": club.id, "actor_id": person}
    memberships.remove(club.tx, node=OPEN, by_id=by, reason=reason, **pair)


@pytest.fixture
def club(tx: Tx) -> Club:
    """The club with Ana as its steward."""
    made = Club(tx)
    add_membership_as_steward(made)
    return made


def add_membership_as_steward(club: Club) -> None:
    row = communities.member(club.tx, club.id, club.ana)
    assert row is not None
    communities.put_member(club.tx, _steward(row))


def _steward(row: communities.MemberRow) -> communities.MemberRow:
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    return communities.MemberRow(**values | {"role": CommunityRole.STEWARD})


def test_G57_what_is_queued_for_the_last_member_of_a_node_is_dropped(tx: Tx, club: Club) -> None:
    queue_for(tx, club, f"{LAB}/inbox", club.lab)
    dead = queue_for(tx, club, f"{LAB}/other", club.lab)
    queue_for(tx, club, "https://plain.example/inbox", 7, recipient=club.dee)
    tx.run(_DEAD.where(queue.c.activity_id == dead))
    remove(club, club.kim, club.ana)
    assert f"{LAB}/inbox" in queued(tx), "Cy still belongs there"
    remove(club, club.cy, club.ana)
    assert queued(tx) == {"https://plain.example/inbox"}


def test_G57_what_is_queued_for_somebody_on_a_plain_server_is_dropped(tx: Tx, club: Club) -> None:
    queue_for(tx, club, f"{LAB}/inbox", club.lab)
    queue_for(tx, club, "https://plain.example/inbox", 7, recipient=club.dee)
    remove(club, club.dee, club.ana)
    assert queued(tx) == {f"{LAB}/inbox"}


def test_what_a_removed_member_here_was_shown_and_told_is_dropped(tx: Tx, club: Club) -> None:
    eve = add_person(tx, "eve", home_fresh_until=FAR)
    add_membership(tx, club.id, eve)
    post = club.said(club.ana)
    wrapper = add_wrapper(tx, club.id, post)
    elsewhere = add_post(tx, club.ana, Audience.public())
    for entry, author in ((wrapper, club.id), (elsewhere, club.ana)):
        add_home_entry(tx, eve, entry, author)
        add_home_entry(tx, club.ana, entry, author)
    for about in (post, elsewhere):
        notifications.add(
            tx, actor_id=eve, kind=NotificationKind.MENTION, from_id=club.ana, post_id=about
        )
    assert (tx.scalar(_HOME, actor_id=eve), tx.scalar(_TOLD, actor_id=eve)) == (2, 2)
    before = accounts.by_id(tx, eve)
    remove(club, eve, club.ana)
    after = accounts.by_id(tx, eve)
    assert before is not None
    assert after is not None
    assert after.epoch > before.epoch, "streams close"
    assert tx.scalar(_HOME, actor_id=eve) == 1
    assert tx.scalar(_HOME, actor_id=club.ana) == 2, "nobody else loses anything"
    # What is left: about the other post, and the helper's word that she does not belong any more.
    assert tx.scalar(_TOLD, actor_id=eve) == 2


def test_T18_a_partners_node_is_asked_to_forget_and_says_that_it_did(tx: Tx, club: Club) -> None:
    remove(club, club.cy, club.ana, "moved on")
    [row] = purges.of_community(tx, club.id)
    [reject] = club.sent("Reject")
    assert row.uri == reject["id"]
    assert (row.origin_id, row.actor_id, row.acknowledged_at) == (club.lab, club.cy, None)
    application = club.view(add_remote(tx, "lab", LAB, type=ActorType.APPLICATION))
    said: dict[str, Any] = {"uri": row.uri, "kind": "Reject", "community_uri": club.uri}
    assert removal.acknowledged(tx, by=application, **said) is None
    [row] = purges.of_community(tx, club.id)
    assert row.acknowledged_at == tx.now


@pytest.mark.parametrize("wrong", ["a person", "another node", "another activity"])
def test_T18_nobody_else_acknowledges(tx: Tx, club: Club, wrong: str) -> None:
    remove(club, club.cy, club.ana)
    [row] = purges.of_community(tx, club.id)
    by = {
        "a person": club.view(club.cy),
        "another node": club.view(
            add_remote(tx, "far", "https://far.example", type=ActorType.APPLICATION)
        ),
        "another activity": club.view(add_remote(tx, "lab", LAB, type=ActorType.APPLICATION)),
    }[wrong]
    uri = f"{row.uri}9" if wrong == "another activity" else row.uri
    reason = removal.acknowledged(tx, by=by, uri=uri, kind="Reject", community_uri=club.uri)
    assert reason is not None
    assert purges.of_community(tx, club.id) == [row]


def test_T18_an_acknowledged_undo_may_come_before_the_undo(tx: Tx, club: Club) -> None:
    application = club.view(add_remote(tx, "lab", LAB, type=ActorType.APPLICATION))
    uri = f"{LAB}/act/77"
    said: dict[str, Any] = {"uri": uri, "kind": "Undo", "community_uri": club.uri}
    assert removal.acknowledged(tx, by=application, **said) is None
    memberships.leave(tx, node=OPEN, actor_id=club.cy, community_id=club.id, uri=uri)
    [row] = purges.of_community(tx, club.id)
    assert (row.uri, row.acknowledged_at) == (uri, tx.now)
    for wrong in ({"uri": "https://x.example/1"}, {"uri": f"{LAB}/act/78", "kind": "Reject"}):
        assert removal.acknowledged(tx, by=application, **said | wrong) is not None
    stranger = club.view(add_remote(tx, "x", "https://x.example", type=ActorType.APPLICATION))
    assert removal.acknowledged(tx, by=stranger, **said | {"uri": "https://x.example/1"})
    assert len(purges.of_community(tx, club.id)) == 1


def test_whoever_leaves_is_reported_to_nobody(tx: Tx) -> None:
    story = Story(tx).launched()
    cy, dee = story.cy(), add_person(tx, "dee")
    story.invite(cy)
    story.asked(cy)
    story.follow(dee)
    story.approve(dee)
    before = [told(tx, one) for one in (story.ana, story.bo)]
    for one in (cy, dee):
        memberships.leave(tx, node=OPEN, actor_id=one, community_id=story.id, uri=f"{URI}/undo")
    assert [told(tx, one) for one in (story.ana, story.bo)] == before
    assert [row.actor_id for row in purges.of_community(tx, story.id)] == [cy]


def test_a_plain_server_that_says_undo_is_expected_to_forget_nothing(tx: Tx, club: Club) -> None:
    for one, uri in ((club.dee, "https://plain.example/act/1"), (club.cy, f"{LAB}/act/1")):
        memberships.leave(tx, node=OPEN, actor_id=one, community_id=club.id, uri=uri)
    assert [row.actor_id for row in purges.of_community(tx, club.id)] == [club.cy]


def test_stewards_and_sponsor_are_told_of_a_removal(tx: Tx) -> None:
    story = Story(tx).launched()
    eve = add_person(tx, "eve")
    story.follow(eve)
    story.approve(eve)
    nia = add_person(tx, "nia", role=Role.GUEST)
    memberships.add(tx, **story.pair(nia), by_id=story.ana, until=tx.now + 1000, sponsor_id=eve)
    before = told(tx, story.ana)
    memberships.remove(tx, **story.pair(nia), by_id=story.ana, reason="moved on")
    assert "Nia (@nia) does not belong to Safe lifting any more.\n\nmoved on" in told(tx, story.bo)
    assert told(tx, eve)[-1].endswith("You were the sponsor.")
    assert told(tx, story.ana) == before, "she did it"
    assert told(tx, nia)[-1].startswith("You do not belong to Safe lifting any more.")
    [*_, last] = communities.log_of(tx, story.id)
    assert (last.deed, last.by_id, last.about_id, last.reason) == (
        *(Deed.REMOVED, story.ana, nia),
        "moved on",
    )


def test_the_steward_hears_that_copies_may_remain_on_a_plain_server(tx: Tx, club: Club) -> None:
    remove(club, club.cy, club.ana)
    assert not any("copies" in text for text in told(tx, club.ana))
    remove(club, club.dee, club.ana)
    assert "copies of what came before may remain on plain.example" in told(tx, club.ana)[-1]


def test_an_agreed_end_is_a_removal_that_everybody_hears_of(tx: Tx, club: Club) -> None:
    row = communities.member(tx, club.id, club.cy)
    assert row is not None
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    communities.put_member(tx, communities.MemberRow(**values | {"until": tx.now}))
    assert memberships.end_due(tx, node=OPEN) == 1
    assert club.sent("Reject")[-1]["summary"] == notices.OVER
    assert [one.actor_id for one in purges.of_community(tx, club.id)] == [club.cy]
    assert "The agreed end has come." in told(tx, club.ana)[-1]
    assert memberships.end_due(tx, node=OPEN) == 0


def test_the_end_of_an_agreement_is_told_once_to_everybody_whom_it_concerns(
    tx: Tx, club: Club
) -> None:
    guild = Guild(club)
    ended = [
        *(row for row in communities.members(tx, club.id) if row.actor_id in {club.cy, club.kim}),
        *(row for row in communities.members(tx, guild.id) if row.actor_id == guild.eve),
    ]
    removal.parted(tx, "lab.example", ended)
    [payload] = [orjson.loads(row[0]) for row in tx.all(_PARTED)]
    removal.tell_parted(tx, node=OPEN, said=convert(payload, removal.Parted))
    [text] = [one for one in told(tx, club.ana) if "The agreement with lab.example ended" in one]
    assert "Club" in text
    assert "You do not belong to Guild any more." in told(tx, guild.eve)[-1]
    removal.parted(tx, "lab.example", [])
    assert len(tx.all(_PARTED)) == 1
