"""Relay notes as they leave: each rule of private-groups-observed.md §5 that is about sending."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert

from domain.html import clean
from domain.kinds import Acceptance, History, MembershipState, Openness, PostType, Relay
from domain.node import Federation
from domain.polls import NewPoll
from outbox import relay as relaying
from social import polls
from storage.queries import communities, follows, posts, relay_notes
from storage.queries.communities import MemberRow
from storage.queries.disclosures import is_disclosed
from storage.queries.relay_notes import PlainWordsRow
from storage.tables.communities import cards
from storage.tables.files import files
from storage.tx import Tx
from tests.support.factories import add_block
from tests.support.plain import PUBLIC, Gathered, Sent, as_stripped

FOREIGN = re.compile(r"@[\w.+-]+@\w[\w.-]*")
KEPT_IN = "Keep @lifting@here.example in your answer"
LARGEST = 30_000


@pytest.fixture
def g(tx: Tx) -> Gathered:
    return Gathered(tx)


def addressed(document: dict[str, Any]) -> list[str]:
    return [
        uri
        for name in ("to", "cc", "bto", "bcc", "audience")
        for uri in (
            [document[name]] if isinstance(document.get(name), str) else document.get(name, [])
        )
    ]


def is_a_good_relay_note(sent: Sent, to: str) -> None:
    """The property of §6: one recipient, one Mention, no name, nobody else, small."""
    for document in (sent.body, sent.note):
        assert addressed(document) == [to]
        assert document["to"] == [to]
        assert "name" not in document
        assert PUBLIC not in str(document)
    assert sent.note["type"] == "Note"
    assert [tag["type"] for tag in sent.note["tag"]] == ["Mention"]
    assert sent.note["tag"][0]["href"] == to
    words = as_stripped(sent.note["content"])
    assert FOREIGN.findall(words.replace(KEPT_IN, "")) == []
    assert KEPT_IN in words
    assert sent.size <= LARGEST
    assert clean(sent.note["content"]) == clean(clean(sent.note["content"]))


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


# What a note is like.


def test_rule_02_ids_cannot_be_guessed_are_never_used_again_or_shown(g: Gathered) -> None:
    post_id = g.relayed()
    token = g.copy(post_id, g.dee).token
    assert len(token) >= 32
    assert len({note.token for note in g.notes()}) == 3
    for one in g.sent():
        assert token not in one.note["content"]
        assert token not in one.note["url"]
    again = relaying.reissue(g.tx, node=g.node, note=g.copy(post_id, g.dee))
    assert again is not None
    assert again.token != token
    assert len({note.token for note in g.notes()}) == 4


def test_rule_03_a_note_has_no_title_and_a_summary_only_if_it_is_a_warning(g: Gathered) -> None:
    g.relayed(content="<p><strong>Straps</strong></p><p>which?</p>")
    g.relayed(summary="heights, says @bo@far.example", sensitive=True)
    plain, warned = (one.note for one in g.sent(g.dee))
    assert "<p><strong>Straps</strong></p><p>which?</p>" in plain["content"]
    assert "summary" not in plain
    assert warned["summary"] == "heights, says bo (far.example)"
    assert warned["sensitive"] is True


def test_rule_04_published_is_the_time_of_relaying_and_the_text_has_the_date(g: Gathered) -> None:
    g.relayed(created_at=1_790_000_000_000)  # 21 September 2026, 14:13:20 UTC
    [one] = g.sent(g.dee)
    assert "21 September 2026, 14:13 UTC" in one.note["content"]
    copy = g.notes()[0]
    assert copy.published_at >= g.tx.now
    assert "2026-09-21" not in one.note["published"]


def test_rule_04_a_long_post_is_cut_and_says_where_to_read_on(g: Gathered) -> None:
    post_id = g.relayed(content=f"<p>{'wörd ' * 12_000}</p>")
    [one] = g.sent(g.dee)
    assert LARGEST - 2_000 < one.size <= LARGEST
    assert f'<p>Read on: <a href="{g.node.post_link(post_id)}">' in one.note["content"]
    g.relayed(content="<p>short</p>")
    assert "Read on" not in g.sent(g.dee)[-1].note["content"]


def test_rule_05_the_last_line_says_how_to_answer(g: Gathered) -> None:
    g.relayed()
    for one in g.sent():
        assert one.note["content"].endswith(
            "<p>Keep @lifting@here.example in your answer, and answer as a private message. "
            "Do not change the visibility.</p>"
        )


def test_the_first_line_names_the_author_as_the_card_does(g: Gathered) -> None:
    made = {"community_id": g.community_id, "handle": "x", "avatar": None, "key": None}
    put_card(g, g.ana, name="Ana @a@b.example", home="Acme", **made)
    root = g.relayed()
    g.relay(g.answer(g.bo, root))
    g.relay(g.answer(g.bo, g.answer(g.dee, root)))
    first, second, third = (one.note["content"] for one in g.sent(g.dee))
    assert first.startswith("<p>Ana a (b.example) (Acme) wrote in Safe lifting, ")
    assert second.startswith("<p>Bo (here.example) answered Ana a (b.example) (Acme) in Safe")
    assert third.startswith("<p>Bo (here.example) answered you in Safe lifting, ")


def put_card(g: Gathered, actor_id: int, **values: Any) -> None:
    given = {"key_uri": None, "version": 1, "made_at": g.tx.now, "actor_id": actor_id} | values
    given["domain"] = "here.example"
    statement = insert(cards).values({column.name: bindparam(column.name) for column in cards.c})
    g.tx.run(statement, **given)


def test_rule_06_an_answer_hangs_where_its_recipient_has_the_parent(g: Gathered) -> None:
    root = g.relayed()
    reply = g.answer(g.eve, root)  # Eve's own words: she gets no copy of them
    words = PlainWordsRow("https://plain.example/notes/1", reply, g.eve, Openness.CLOSED)
    relay_notes.put_words(g.tx, words)
    g.relay(reply)
    g.relay(g.answer(g.bo, reply))
    for who in (g.dee, g.fay):
        assert g.sent(who)[1].note["inReplyTo"] == g.copy_uri(root, who)
    assert g.sent(g.dee)[2].note["inReplyTo"] == g.copy_uri(reply, g.dee)
    assert g.sent(g.eve)[1].note["inReplyTo"] == "https://plain.example/notes/1"
    assert "inReplyTo" not in g.sent(g.dee)[0].note


def test_rule_06_a_parent_that_its_recipient_never_got_is_left_out(g: Gathered) -> None:
    root = g.post()
    g.relay(g.answer(g.bo, root))
    assert all("inReplyTo" not in one.note for one in g.sent())
    assert all("answered in Safe lifting" in one.note["content"] for one in g.sent())


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


def test_rule_10_a_note_carries_no_file_but_says_where_it_is(g: Gathered) -> None:
    plain, pictured = g.post(), g.post()
    for number in range(2):
        put_file(g, pictured, number)
    g.relay(plain)
    g.relay(pictured)
    for one in g.sent():
        assert "attachment" not in one.note
        assert "image" not in one.note
        assert ("2 files belong to this: " in one.note["content"]) is (one.post_id == pictured)


def put_file(g: Gathered, post_id: int, number: int, **more: Any) -> None:
    text = {"digest": "d", "preview": "p", "media_type": "image/png", "blurhash": "", "alt": "",
            "focus": "", "source": None, "community_id": None, "fetched_at": None, "name": "",
            "duration": 0, "sha256": "", "on_demand": False, "used_at": None, "tried_at": None,
            "trouble": "", "scheduled_id": None}  # fmt: skip
    row = {"id": number + 1, "actor_id": g.ana, "post_id": post_id, "position": number, "size": 1,
           "width": 1, "height": 1, "created_at": g.tx.now} | text  # fmt: skip
    statement = insert(files).values({column.name: bindparam(column.name) for column in files.c})
    g.tx.run(statement, **row | more)


def test_rule_11_what_asks_nothing_goes_out_as_a_note(g: Gathered) -> None:
    g.relayed(type=PostType.QUESTION)  # without a poll
    for one in g.sent():
        assert one.note["type"] == "Note"
        assert not {"oneOf", "anyOf", "endTime", "votersCount"} & one.note.keys()


def test_rule_11_a_question_goes_out_as_one_of_the_communitys_own(g: Gathered) -> None:
    post_id = g.post(type=PostType.QUESTION)
    polls.make(g.tx, g.row(post_id), NewPoll(("Friday", "Monday"), 3600, multiple=True))
    g.relay(post_id)
    for one in g.sent():
        assert (one.note["type"], one.note["attributedTo"]) == ("Question", g.community.uri)
        assert [option["name"] for option in one.note["anyOf"]] == ["Friday", "Monday"]
        assert one.note["votersCount"] == 0
        assert "name" not in one.note


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


def test_notify_says_that_there_is_something_and_not_what_or_by_whom(tx: Tx) -> None:
    g = Gathered(tx, relay=Relay.NOTIFY)
    put_card(
        *(g, g.ana), name="Ana Secretary", home="Secret Works", avatar=None, key=None,
        community_id=g.community_id, handle="ana",
    )  # fmt: skip
    post_id = g.post(content="<p>secret words</p>", summary="secret warning", sensitive=True)
    put_file(g, post_id, 0)
    g.relay(post_id)
    for one in g.sent():
        assert "secret" not in orjson.dumps(one.body).decode().lower()
        assert "picture" not in one.note["content"]
        assert one.note["content"].startswith("<p>Somebody wrote in Safe lifting, ")
        assert g.node.post_link(post_id) in one.note["content"]
        is_a_good_relay_note(one, g.actor(one.recipient_id).uri)
    g.relay(g.answer(g.bo, post_id))
    assert g.sent(g.dee)[-1].note["content"].startswith("<p>Somebody answered in Safe lifting, ")
    mine = g.post(author=g.dee)
    g.relay(mine)
    g.relay(g.answer(g.bo, mine))
    assert g.sent(g.dee)[-1].note["content"].startswith("<p>Somebody answered you in Safe lifting")


@pytest.mark.both
def test_rule_10_pictures_that_are_allowed_have_an_address_for_each_member(tx: Tx) -> None:
    g = Gathered(tx, relays_pictures=True)
    post_id = g.post()
    put_file(g, post_id, 0, fetched_at=tx.now, alt="by @bo@far.example")
    put_file(g, post_id, 1)  # its bytes have not come
    g.relay(post_id)
    urls = set()
    for one in g.sent():
        [file] = one.note["attachment"]
        assert file["url"] == g.node.media(1, one.recipient_id or 0)
        assert file["mediaType"] == "image/png"
        assert "sha256" not in str(file).lower()
        assert FOREIGN.findall(file["name"]) == []
        assert "A file belongs to this: " in one.note["content"]
        is_a_good_relay_note(one, g.actor(one.recipient_id or 0).uri)
        urls.add(file["url"])
    assert len(urls) == 3


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


@given(
    words=st.text(max_size=300),
    name=st.text(min_size=1, max_size=60),
    times=st.integers(min_value=1, max_value=200),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_relay_note_keeps_the_rules(g: Gathered, words: str, name: str, times: int) -> None:
    html = clean(f"<p>{words} @{name}@far.example</p>" * times)
    before = len(g.sent())
    g.relayed(content=html, summary=words[:50].replace("\0", ""))
    for one in g.sent()[before:]:
        assert one.recipient_id is not None
        is_a_good_relay_note(one, g.actor(one.recipient_id).uri)
