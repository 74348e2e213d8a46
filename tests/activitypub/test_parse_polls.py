"""Polls and votes as servers of other kinds write them (FEP-9967; what real servers sent)."""

from typing import Any

import pytest

from activitypub.json import MalformedDocument
from activitypub.parse.activities import parse_activity
from activitypub.parse.polls import (
    MOST_OPTIONS,
    PollDocument,
    is_tally,
    is_vote,
    parse_poll,
    parse_vote,
)
from activitypub.parse.posts import parse_note

FAR = "https://far.example"
ANA = f"{FAR}/users/ana"
POLL = "https://here.example/o/1"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def question(**changes: Any) -> dict[str, Any]:
    return {
        "id": f"{FAR}/q/1",
        "type": "Question",
        "attributedTo": ANA,
        "content": "<p>Which?</p>",
        "to": [PUBLIC],
    } | changes


def option(name: str, votes: Any = 0) -> dict[str, Any]:
    replies = {"type": "Collection", "totalItems": votes}
    return {"type": "Note", "name": name, "replies": replies}


def poll_in(**changes: Any) -> PollDocument:
    found = parse_poll(question(**changes))
    assert found is not None
    return found


def vote(name: str = "Friday", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{ANA}#votes/1",
        "type": "Note",
        "name": name,
        "attributedTo": ANA,
        "inReplyTo": POLL,
        "to": ["https://here.example/a/1"],
    } | changes


@pytest.mark.interop("Create{Question}", "in", "oneOf, end and figures", peer="scripted Mastodon")
def test_a_question_of_mastodon() -> None:
    found = poll_in(
        oneOf=[option("Graphs", 3), option("Ethics", 1)],
        endTime="2026-12-01T12:00:00Z",
        votersCount=4,
    )
    assert [(one.name, one.votes) for one in found.options] == [("Graphs", 3), ("Ethics", 1)]
    assert (found.multiple, found.voters, found.ends_at) == (False, 4, 1_796_126_400_000)
    assert (found.is_closed, found.closed_at, found.tells_totals) == (False, None, True)


@pytest.mark.interop("Create{Question}", "in", "anyOf, without voters", peer="scripted Misskey")
def test_a_question_of_misskey() -> None:
    document = question(
        _misskey_content="Which?", anyOf=[option("Ä"), option("B")], endTime="2026-12-01T12:00:00Z"
    )
    found = parse_note(document).poll
    assert found is not None
    assert (found.multiple, found.voters, len(found.options)) == (True, None, 2)


@pytest.mark.interop("Create{Question}", "in", "closed, with a time", peer="scripted Pleroma")
def test_a_question_of_pleroma_that_has_ended() -> None:
    found = poll_in(oneOf=[option("A", 1), option("B", 0)], closed="2026-11-01T00:00:00Z")
    assert (found.is_closed, found.closed_at) == (True, 1_793_491_200_000)


@pytest.mark.interop("Create{Question}", "in", "closed ahead is its end", peer="scripted Pleroma")
def test_a_time_ahead_says_when_it_will_close() -> None:
    found = poll_in(oneOf=[option("A"), option("B")], closed="2026-12-01T12:00:00Z")
    end = 1_796_126_400_000
    assert found.ends_at == end
    assert not found.has_closed(end - 1)
    assert found.has_closed(end)


def test_a_closed_flag_without_a_time() -> None:
    found = poll_in(oneOf=[option("A"), option("B")], closed=True)
    assert (found.is_closed, found.closed_at) == (True, None)


def test_hidden_figures_are_no_zeros() -> None:
    hidden = poll_in(oneOf=[{"type": "Note", "name": "A"}, {"type": "Note", "name": "B"}])
    assert [one.votes for one in hidden.options] == [None, None]
    assert not hidden.tells_totals


def test_one_option_alone_may_come_without_a_list() -> None:
    assert [one.name for one in poll_in(oneOf=option("Only")).options] == ["Only"]


@pytest.mark.parametrize("raw", [None, [], "A", [1], [{"type": "Note"}], [{"name": " "}]])
def test_a_question_without_answers_is_a_post(raw: Any) -> None:
    assert parse_poll(question(oneOf=raw)) is None
    assert parse_note(question(oneOf=raw)).poll is None


def test_D07_only_so_many_answers_are_kept() -> None:
    found = poll_in(oneOf=[option(f"answer {number}") for number in range(900)])
    assert len(found.options) == MOST_OPTIONS
    assert len(poll_in(oneOf=[option("A"), option("x" * 100_000)]).options) == 1


@pytest.mark.parametrize("figure", [-1, 1.5, True, "7", 2**60, None])
def test_a_figure_that_is_none(figure: Any) -> None:
    found = poll_in(oneOf=[option("A", figure), option("B", 2)], votersCount=figure)
    assert (found.options[0].votes, found.voters) == (None, None)
    assert found.options[1].votes == 2


def test_H01_answers_are_plain_text() -> None:
    found = poll_in(oneOf=[option("<script>x</script>  two\n lines\u202e"), option("B")])
    assert found.options[0].name == "<script>x</script> two lines"
    assert found.options[0].as_sent == "<script>x</script>  two\n lines\u202e"


# Votes.


@pytest.mark.interop("Create{Note} as a vote", "in", "name alone", peer="scripted Mastodon")
def test_a_vote_of_mastodon() -> None:
    found = parse_vote([vote()], by=ANA)
    assert (found.id, found.in_reply_to, found.names) == (f"{ANA}#votes/1", POLL, ("Friday",))


def test_a_vote_with_an_empty_line_and_a_mention() -> None:
    """As snac2 sends it (private-groups-observed.md, rule 20)."""
    tag = {"type": "Mention", "href": "https://here.example/a/1", "name": "@g@here.example"}
    assert is_vote(vote(content="<br>", tag=[tag]))
    assert is_vote(vote(content="<p></p>"))


@pytest.mark.interop(
    "Create{Note, Note} as votes", "in", "several at once", peer="scripted GoToSocial"
)
def test_several_votes_in_one_create() -> None:
    objects = [vote("A", id=f"{ANA}#1"), vote("B", id=f"{ANA}#2")]
    activity = parse_activity(
        {"id": f"{FAR}/act/1", "type": "Create", "actor": ANA, "object": objects}
    )
    assert activity.embedded is not None
    found = parse_vote([activity.embedded, *activity.more], by=ANA)
    assert found.names == ("A", "B")


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "<p>words</p>"},
        {"name": ""},
        {"name": None},
        {"inReplyTo": None},
        {"type": "Article"},
        {"type": ["Note"]},
        {"type": {"Note": 1}},
        {"attachment": [{"type": "Image", "url": "https://far.example/1.png"}]},
        {"content": "&nbsp;" * 9_000},
    ],
    ids=[
        "words",
        "no-name",
        "null-name",
        "no-poll",
        "article",
        "list",
        "object",
        "picture",
        "long",
    ],
)
def test_what_says_something_is_no_vote(changes: dict[str, Any]) -> None:
    assert not is_vote(vote(**changes))


@pytest.mark.parametrize(
    "documents",
    [
        [vote("A"), vote("B", inReplyTo="https://here.example/o/2")],
        [vote("A", attributedTo=f"{FAR}/users/eve")],
        [vote("A"), vote("B", content="words")],
        [vote("A", id="nothing")],
    ],
    ids=["two-polls", "somebody-else", "words", "no-id"],
)
def test_O12_votes_that_do_not_belong_together_are_refused(documents: list[dict[str, Any]]) -> None:
    with pytest.raises(MalformedDocument):
        parse_vote(documents, by=ANA)


@pytest.mark.parametrize(
    ("kind", "objects"),
    [
        ("Create", [vote("A"), vote("B", content="words")]),
        ("Like", [vote("A"), vote("B")]),
        ("Create", [vote("A"), "https://far.example/notes/1"]),
        ("Create", [vote(f"A{number}") for number in range(MOST_OPTIONS + 1)]),
    ],
    ids=["words", "likes", "an-id", "too-many"],
)
def test_O17_nothing_else_is_about_several_objects(kind: str, objects: list[Any]) -> None:
    with pytest.raises(MalformedDocument):
        parse_activity({"id": f"{FAR}/act/1", "type": kind, "actor": ANA, "object": objects})


def test_a_tally_is_a_question_of_nobodys() -> None:
    told = {"id": POLL, "type": "Question", "oneOf": [option("A", 2)]}
    assert is_tally(told)
    assert not is_tally(told | {"content": "<p>words</p>"})
    assert not is_tally(told | {"attributedTo": ANA})
    assert not is_tally(told | {"type": "Note"})
