"""Edits, deletions and reactions from plain servers: private-groups-observed.md §5, rules 15-21."""

from typing import Any

import pytest

from domain.kinds import MembershipState
from social import plain
from storage.queries import likes, posts, relay_notes
from storage.tx import Tx
from tests.support.plain import Document, Gathered, answer, passed_on, wide


@pytest.fixture
def g(tx: Tx) -> Gathered:
    return Gathered(tx)


# Updates and deletes.


def edited(
    document: Document, content: str = "<p>@lifting two straps</p>", **parts: Any
) -> Document:
    return document | {"content": content, "updated": "2026-11-22T12:00:00Z"} | parts


@pytest.mark.both
def test_rule_15_an_edit_as_closed_as_before_changes_the_words(g: Gathered) -> None:
    root = g.relayed()
    document = answer(g, root, g.dee)
    g.hears(g.dee, document)
    assert g.hears(g.dee, edited(document), kind="Update") == plain.Outcome()
    row = g.heard(g.dee, document)
    assert row is not None
    assert row.content == "<p>two straps</p>"
    assert row.edited_at is not None
    assert passed_on(g) == 2
    again = g.hears(g.dee, edited(document), kind="Update")
    assert again is not None
    assert again.reason == "nothing new"
    assert passed_on(g) == 2


@pytest.mark.both
@pytest.mark.parametrize("visibility", ["private", "unlisted", "unlisted takahe", "public"])
def test_rule_15_an_edit_that_widens_keeps_the_old_words(g: Gathered, visibility: str) -> None:
    root = g.relayed()
    document = answer(g, root, g.dee)
    g.hears(g.dee, document)
    wider = edited(document) | {"cc": []} | wide(g)[visibility]
    outcome = g.hears(g.dee, wider, kind="Update")
    assert outcome == plain.Outcome("the edit made it wider than it was")
    row = g.heard(g.dee, document)
    assert row is not None
    assert row.content == "<p>we use straps</p>"
    assert row.is_accepted
    assert passed_on(g) == 1
    [hint] = g.told(g.dee)
    assert "keeps the old words" in hint


def test_rule_15_takahe_edits_a_private_answer_into_a_public_one(g: Gathered) -> None:
    root = g.relayed()
    document = answer(g, root, g.dee)
    g.hears(g.dee, document)
    shape = edited(document, to="as:Public", cc=g.community.uri)
    assert g.hears(g.dee, shape, kind="Update") != plain.Outcome()
    assert passed_on(g) == 1


def test_rule_15_an_edit_that_narrows_is_taken(g: Gathered) -> None:
    document = g.note_by(g.dee) | wide(g)["private"]
    g.hears(g.dee, document)
    closed = edited(document) | {"to": g.community.uri, "cc": []}
    assert g.hears(g.dee, closed, kind="Update") == plain.Outcome()
    row = g.heard(g.dee, document)
    assert row is not None
    assert row.is_accepted
    assert row.content == "<p>two straps</p>"
    assert posts.share_of(g.tx, row.id, g.community_id) is not None
    assert passed_on(g) == 1


def test_rule_15_wider_words_stay_with_a_community_only_while_it_takes_them(tx: Tx) -> None:
    g = Gathered(tx, takes_wider=True)
    document = g.note_by(g.dee) | wide(g)["private"]
    assert g.hears(g.dee, document) == plain.Outcome()
    g.settings(takes_wider=False)
    outcome = g.hears(g.dee, edited(document), kind="Update")
    assert outcome is not None
    assert outcome.reason is not None
    row = g.heard(g.dee, document)
    assert row is not None
    assert row.content == "<p>we use straps</p>"


def test_O04_nobody_edits_or_deletes_words_of_somebody_else(g: Gathered) -> None:
    document = g.note_by(g.dee)
    g.hears(g.dee, document)
    row = g.heard(g.dee, document)
    outcome = g.hears(g.eve, edited(document), kind="Update")
    assert outcome == plain.Outcome("no words of theirs by that id")
    signer = g.actor(g.eve)
    assert plain.receive_delete(g.tx, node=g.node, uri=document["id"], signer=signer) is None
    assert row == g.heard(g.dee, document)


def test_rule_17_an_edit_after_the_end_is_dropped(g: Gathered) -> None:
    document = g.note_by(g.dee)
    g.hears(g.dee, document)
    g.standing(g.dee, MembershipState.REMOVED)
    outcome = g.hears(g.dee, edited(document), kind="Update")
    assert outcome == plain.Outcome("no member of that community")
    assert g.told(g.dee) == []


@pytest.mark.both
def test_rule_16_a_delete_counts_by_id_and_signer_alone(g: Gathered) -> None:
    root = g.relayed()
    document = answer(g, root, g.dee)
    g.hears(g.dee, document)
    g.standing(g.dee, MembershipState.LEFT)  # her words are hers
    signer = g.actor(g.dee)
    gone = plain.receive_delete(g.tx, node=g.node, uri=document["id"], signer=signer)
    assert gone == plain.Outcome()
    row = g.heard(g.dee, document)
    assert row is not None
    assert row.deleted_at is not None
    assert g.row(root).replies_count == 0
    assert passed_on(g) == 2
    again = plain.receive_delete(g.tx, node=g.node, uri=document["id"], signer=signer)
    assert again == plain.Outcome()
    assert passed_on(g) == 2


def test_rule_16_what_was_deleted_before_it_came_stays_away(g: Gathered) -> None:
    document = g.note_by(g.dee)
    posts.bury(g.tx, document["id"], g.actor(g.dee).uri)
    assert g.hears(g.dee, document) == plain.Outcome("it was deleted before it arrived")
    assert g.heard(g.dee, document) is None


def test_words_that_were_held_are_deleted_quietly(g: Gathered) -> None:
    document = g.note_by(g.dee) | wide(g)["public"]
    g.hears(g.dee, document)
    signer = g.actor(g.dee)
    plain.receive_delete(g.tx, node=g.node, uri=document["id"], signer=signer)
    row = g.heard(g.dee, document)
    assert row is not None
    assert row.deleted_at is not None
    assert passed_on(g) == 0


# Reactions.


@pytest.mark.both
def test_rule_21_a_like_and_its_undo_are_matched_by_who_and_what(g: Gathered) -> None:
    root = g.relayed()
    copy, signer = g.copy_uri(root, g.dee), g.actor(g.dee)
    liked = plain.receive_like(g.tx, node=g.node, post_uri=copy, signer=signer)
    assert liked == plain.Outcome()
    again = plain.receive_like(g.tx, node=g.node, post_uri=copy, signer=signer)
    assert again == plain.Outcome()
    assert likes.uri_of(g.tx, g.dee, root) is not None
    assert g.row(root).likes_count == 1
    other = f"{signer.uri}#likes/another-id"
    undone = plain.receive_undo(g.tx, node=g.node, uri=other, post_uri=copy, signer=signer)
    assert undone == plain.Outcome()
    assert likes.uri_of(g.tx, g.dee, root) is None
    assert g.row(root).likes_count == 0
    assert passed_on(g) == 2
    plain.receive_undo(g.tx, node=g.node, uri=other, post_uri=copy, signer=signer)
    assert passed_on(g) == 2


def test_rule_21_nobody_likes_by_the_note_of_another(g: Gathered) -> None:
    root = g.relayed()
    copy, signer = g.copy_uri(root, g.dee), g.actor(g.eve)
    liked = plain.receive_like(g.tx, node=g.node, post_uri=copy, signer=signer)
    assert liked == plain.Outcome("no relay note of theirs by that id")
    assert g.row(root).likes_count == 0
    post_uri = "https://plain.example/x"
    nothing = plain.receive_like(g.tx, node=g.node, post_uri=post_uri, signer=signer)
    assert nothing is None


@pytest.mark.both
def test_rule_19_a_shared_note_is_no_share_but_a_signal(g: Gathered) -> None:
    root = g.relayed()
    old = g.copy(root, g.dee)
    uri, signer = g.copy_uri(root, g.dee), g.actor(g.dee)
    outcome = plain.receive_announce(g.tx, node=g.node, post_uri=uri, signer=signer)
    assert outcome == plain.Outcome("relay notes are not shared")
    assert g.row(root).shares_count == 0
    assert [one.kind for one in g.sent(g.dee)] == ["Create", "Delete", "Create"]
    assert g.copy(root, g.dee).token != old.token
    [signal] = g.told(g.ana)
    assert "plain.example" in signal
    assert g.told(g.bo) == g.told(g.dee) == []
    again = plain.receive_announce(g.tx, node=g.node, post_uri=uri, signer=signer)
    assert again == plain.Outcome("no relay note by that id")
    assert len(g.told(g.ana)) == 1


def test_rule_19_an_announce_of_anything_else_is_none_of_this(g: Gathered) -> None:
    signer = g.actor(g.dee)
    uri = g.node.post(g.relayed())
    assert plain.receive_announce(g.tx, node=g.node, post_uri=uri, signer=signer) is None


def test_a_reply_to_a_note_that_was_taken_back_needs_the_community_named(g: Gathered) -> None:
    root = g.relayed()
    uri = g.copy_uri(root, g.dee)
    relay_notes.retire(g.tx, g.copy(root, g.dee).id)
    unnamed = g.note_by(g.dee, 1, inReplyTo=uri, to=[])
    assert g.hears(g.dee, unnamed) is None
    named = g.note_by(g.dee, 2, inReplyTo=uri)
    assert g.hears(g.dee, named) == plain.Outcome()
    row = g.heard(g.dee, named)
    assert row is not None
    assert row.reply_to_id == root
    assert row.author_id == g.dee
