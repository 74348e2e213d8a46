"""Relay notes as they leave: to whom, in which order, and what becomes of them afterwards.

The rules are those of private-groups-observed.md §5; `test_relay_notes.py` has what a note is like.
"""

from dataclasses import replace
from itertools import pairwise

import orjson
import pytest

from activitypub.render.times import moment
from domain.kinds import Acceptance, History, MembershipState, Relay
from domain.node import Federation
from outbox import relay as relaying
from storage.queries import communities, follows, posts, relay_notes
from storage.queries.communities import MemberRow
from storage.queries.disclosures import is_disclosed
from storage.tx import Tx
from tests.outbox.relay_notes import addressed, g, is_a_good_relay_note
from tests.support.factories import add_block
from tests.support.plain import Gathered

__all__ = ["g"]


# One note for each, and nothing for anybody else.


@pytest.mark.both
def test_rule_01_one_object_per_member_with_one_mention(g: Gathered) -> None:
    post_id = g.post(content="<p>hello @bo@far.example</p>")
    assert g.relay(post_id) == 3
    found = g.sent()
    assert [one.inbox for one in found] == [g.actor(who).inbox for who in (g.dee, g.eve, g.fay)]
    for one, who in zip(found, (g.dee, g.eve, g.fay), strict=True):
        is_a_good_relay_note(one, g.actor(who).uri)
        assert one.note["attributedTo"] == one.body["actor"] == g.community.uri
        assert (one.post_id, one.community_id, one.recipient_id) == (post_id, g.community_id, who)
    assert len({one.note["id"] for one in found}) == 3


def test_rule_01_not_to_the_author_nor_to_members_reached_otherwise(g: Gathered) -> None:
    g.relayed(author=g.dee)
    assert g.sent(g.dee) == []
    assert g.sent(g.cy) == []
    assert len(g.sent(g.eve)) == 1


def test_members_alone_get_it_and_nobody_in_a_block_with_the_author(g: Gathered) -> None:
    g.standing(g.dee, MembershipState.REQUESTED)
    add_block(g.tx, g.ana, g.eve)
    add_block(g.tx, g.stranger, g.fay)  # nothing to do with this author
    g.relayed()
    assert [one.recipient_id for one in g.sent()] == [g.fay]


def test_a_waiting_post_and_a_share_are_not_relayed(g: Gathered) -> None:
    assert g.relay(g.post(acceptance=Acceptance.WAITING)) == 0
    post_id = g.post()
    assert g.relay(g.post(author=g.community_id, share_of_id=post_id)) == 0
    assert g.relay(post_id) == 3


def test_the_history_rule_holds_for_relay_notes(tx: Tx) -> None:
    g = Gathered(tx, history=History.SINCE_JOINING)
    old = g.post(created_at=1_000, id=77)
    late = g.actor(g.dee)
    now = g.tx.now - 10
    row = communities.member(tx, g.community_id, late.id)
    assert row is not None
    given = {name: getattr(row, name) for name in MemberRow.__struct_fields__}
    communities.put_member(tx, MemberRow(**given | {"since": now}))
    g.relay(old)
    assert [one.recipient_id for one in g.sent()] == [g.eve, g.fay]


def test_a_server_that_was_not_admitted_gets_nothing(g: Gathered) -> None:
    g.node = replace(g.node, federation=Federation.PARTNERS)
    assert g.relay(g.post()) == 0
    assert g.sent() == []


@pytest.mark.both
def test_doing_it_again_sends_nothing_twice(g: Gathered) -> None:
    post_id = g.relayed()
    assert g.relay(post_id) == 0
    assert len(g.sent()) == len(g.notes()) == 3


def test_nobody_but_the_community_becomes_known_by_a_note(g: Gathered) -> None:
    g.relayed()
    g.relayed(author=g.cy, content=f"<p>{'long ' * 8_000}</p>", uri="https://n3.example/o/1")
    origin = g.actor(g.dee).origin_id
    assert is_disclosed(g.tx, g.community_id, origin)
    assert not is_disclosed(g.tx, g.ana, origin)
    assert g.ana != g.bo
    for one in g.sent():
        assert one.recipient_id is not None
        is_a_good_relay_note(one, g.actor(one.recipient_id).uri)
        for private in (g.actor(g.ana).uri, "@ana", "n3.example/", "@cy"):
            assert private not in orjson.dumps(one.body).decode()


def test_timeline_falls_back_to_a_note_for_each_where_the_kind_is_unknown(tx: Tx) -> None:
    g = Gathered(tx, relay=Relay.TIMELINE)
    g.relayed()
    assert len(g.sent()) == 3
    for one in g.sent():
        is_a_good_relay_note(one, g.actor(one.recipient_id).uri)


def test_who_is_reached_by_announces_gets_no_note_and_plain_members_no_announce(
    g: Gathered,
) -> None:
    g.relayed()
    assert {one.kind for one in g.sent()} == {"Create"}
    assert follows.find(g.tx, g.dee, g.community_id) is None  # a relation is no condition


# When and in which order.


def test_rule_07_to_personal_inboxes_with_a_second_between(g: Gathered) -> None:
    for _ in range(3):
        g.relayed()
    found = g.sent(g.dee)
    assert len(found) == 3
    assert g.actor(g.dee).shared_inbox not in {one.inbox for one in g.sent()}
    at = [note.published_at for note in g.notes() if note.actor_id == g.dee]
    assert all(later - earlier >= 1_000 for earlier, later in pairwise(at))
    assert len({one.note["published"][:19] for one in found}) == 3


def test_rule_07_what_goes_to_one_inbox_goes_in_order(g: Gathered) -> None:
    post_id = g.relayed()
    posts.edit(
        g.tx, post_id, content="<p>new</p>", source=None, summary="", sensitive=False,
        language=None, edited_at=g.tx.now + 5,
    )  # fmt: skip
    g.relay(post_id, "update")
    posts.mark_deleted(g.tx, post_id)
    g.relay(post_id, "delete")
    found = g.sent(g.dee)
    assert [one.kind for one in found] == ["Create", "Update", "Delete"]
    assert len({one.order_key for one in found}) == 1


# Afterwards.


@pytest.mark.both
def test_an_update_says_the_same_to_the_same_people_under_the_same_id(g: Gathered) -> None:
    post_id = g.relayed()
    posts.edit(
        g.tx, post_id, content="<p>better</p>", source=None, summary="", sensitive=False,
        language=None, edited_at=g.tx.now + 5,
    )  # fmt: skip
    assert g.relay(post_id, "update") == 3
    for who in (g.dee, g.eve, g.fay):
        first, second = g.sent(who)
        is_a_good_relay_note(second, g.actor(who).uri)
        assert second.kind == "Update"
        assert second.note["id"] == first.note["id"]
        assert second.note["published"] == first.note["published"]
        assert "<p>better</p>" in second.note["content"]
        assert second.note["updated"] >= second.note["published"]
    assert len(g.notes()) == 3


def test_an_update_of_what_was_just_relayed_says_one_time(g: Gathered) -> None:
    """The second note to one person says a second later: an edit meanwhile is not before it."""
    for after in (5, 5_000):
        g.relayed()
        post_id = g.relayed()
        edited_at = g.tx.now + after
        posts.edit(
            g.tx, post_id, content="<p>better</p>", source=None, summary="", sensitive=False,
            language=None, edited_at=edited_at,
        )  # fmt: skip
        g.relay(post_id, "update")
        last = g.sent(g.dee)[-1]
        newest = max(note.published_at for note in g.notes() if note.actor_id == g.dee)
        wanted = moment(max(edited_at, newest))
        assert (last.kind, last.note["updated"], last.body["published"]) == (
            "Update",
            wanted,
            wanted,
        )


def test_an_update_does_not_reach_who_may_not_read_it_any_more(g: Gathered) -> None:
    post_id = g.relayed()
    g.standing(g.dee, MembershipState.REMOVED)
    assert g.relay(post_id, "update") == 2
    assert [one.kind for one in g.sent(g.dee)] == ["Create"]


@pytest.mark.both
def test_a_delete_reaches_everybody_who_has_it(g: Gathered) -> None:
    post_id = g.relayed()
    ids = {one.recipient_id: one.note["id"] for one in g.sent()}
    g.standing(g.dee, MembershipState.REMOVED)
    posts.mark_deleted(g.tx, post_id)
    assert g.relay(post_id, "delete") == 3
    for who, uri in ids.items():
        last = g.sent(who)[-1]
        assert last.kind == "Delete"
        assert last.note == {"id": uri, "type": "Tombstone"}
        assert addressed(last.body) == [g.actor(who).uri]
        assert (last.post_id, last.community_id, last.recipient_id) == (None, None, None)
    assert g.relay(post_id, "delete") == 0
    assert g.relay(post_id) == 0


@pytest.mark.both
def test_rule_27_what_somebody_has_is_taken_back_when_the_right_ended(g: Gathered) -> None:
    first, second = g.relayed(), g.relayed()
    ids = [one.note["id"] for one in g.sent(g.dee)]
    g.standing(g.dee, MembershipState.REMOVED)
    taken = relaying.withdraw(g.tx, node=g.node, community_id=g.community_id, actor_id=g.dee)
    assert taken == 2
    assert [one.note["id"] for one in g.sent(g.dee) if one.kind == "Delete"] == ids
    assert relay_notes.live_copy(g.tx, first, g.dee, g.actor(g.dee).origin_id) is None
    assert relay_notes.live_copy(g.tx, second, g.eve, g.actor(g.eve).origin_id) is not None
    assert [one.kind for one in g.sent(g.eve)] == ["Create", "Create"]
    again = relaying.withdraw(g.tx, node=g.node, community_id=g.community_id, actor_id=g.dee)
    assert again == 0


def test_rule_27_nothing_new_is_made_for_who_was_removed(g: Gathered) -> None:
    g.standing(g.dee, MembershipState.REMOVED)
    g.relayed()
    assert g.sent(g.dee) == []
    assert len(g.sent(g.eve)) == 1


def test_rule_19_a_note_is_taken_back_and_issued_anew(g: Gathered) -> None:
    post_id = g.relayed()
    old = g.copy(post_id, g.dee)
    new = relaying.reissue(g.tx, node=g.node, note=old)
    assert new is not None
    assert new.actor_id == g.dee
    assert [one.kind for one in g.sent(g.dee)] == ["Create", "Delete", "Create"]
    assert g.copy(post_id, g.dee) == new
    assert [one.kind for one in g.sent(g.eve)] == ["Create"]
    assert relaying.reissue(g.tx, node=g.node, note=old) is None
    g.standing(g.dee, MembershipState.LEFT)
    assert relaying.reissue(g.tx, node=g.node, note=new) is None  # taken back, and no other
