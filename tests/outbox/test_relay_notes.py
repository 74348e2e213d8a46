"""What a relay note is like: each rule of private-groups-observed.md §5 that is about its words."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert

from domain.html import clean
from domain.kinds import Openness, PostType, Relay
from domain.polls import NewPoll
from outbox import relay as relaying
from social import polls
from storage.queries import relay_notes
from storage.queries.relay_notes import PlainWordsRow
from storage.tables.files import files
from storage.tx import Tx
from tests.outbox.relay_notes import FOREIGN, LARGEST, g, is_a_good_relay_note
from tests.support.factories import add_card
from tests.support.plain import Gathered

__all__ = ["g"]


def put_file(g: Gathered, post_id: int, number: int, **more: Any) -> None:
    text = {"digest": "d", "preview": "p", "media_type": "image/png", "blurhash": "", "alt": "",
            "focus": "", "source": None, "community_id": None, "fetched_at": None, "name": "",
            "duration": 0, "sha256": "", "on_demand": False, "used_at": None, "tried_at": None,
            "trouble": "", "scheduled_id": None}  # fmt: skip
    row = {"id": number + 1, "actor_id": g.ana, "post_id": post_id, "position": number, "size": 1,
           "width": 1, "height": 1, "created_at": g.tx.now} | text  # fmt: skip
    statement = insert(files).values({column.name: bindparam(column.name) for column in files.c})
    g.tx.run(statement, **row | more)


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
    card = {"handle": "x", "name": "Ana @a@b.example", "home": "Acme"}
    add_card(g.tx, g.community_id, g.ana, domain="here.example", **card)
    root = g.relayed()
    g.relay(g.answer(g.bo, root))
    g.relay(g.answer(g.bo, g.answer(g.dee, root)))
    first, second, third = (one.note["content"] for one in g.sent(g.dee))
    assert first.startswith("<p>Ana a (b.example) (Acme) wrote in Safe lifting, ")
    assert second.startswith("<p>Bo (here.example) answered Ana a (b.example) (Acme) in Safe")
    assert third.startswith("<p>Bo (here.example) answered you in Safe lifting, ")


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


def test_notify_says_that_there_is_something_and_not_what_or_by_whom(tx: Tx) -> None:
    g = Gathered(tx, relay=Relay.NOTIFY)
    card = {"handle": "ana", "name": "Ana Secretary", "home": "Secret Works"}
    add_card(tx, g.community_id, g.ana, domain="here.example", **card)
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
