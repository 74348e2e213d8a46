"""What comes back from plain servers: rules 12-23 of private-groups-observed.md §5, as said there.

Shapes are those that real servers sent (§3): strings or lists, `to` missing, the community only in
`cc`, an Update that widens, a Delete with a whole Note.
"""

from typing import Any

import pytest
from sqlalchemy import func, select

from activitypub.parse.polls import is_vote, parse_vote
from domain.audience import Audience
from domain.kinds import (
    Acceptance,
    Life,
    MembershipState,
    NotificationKind,
    PostType,
    Way,
)
from domain.polls import NewPoll
from social import plain, polls, remote_polls
from storage.queries import polls as rows
from storage.queries import posts, relay_notes
from storage.tables.timelines import notifications
from storage.tx import Tx
from tests.support.factories import add_community, add_membership, add_post
from tests.support.plain import PUBLIC, Document, Gathered, answer, passed_on, tag, wide

TOLD = select(notifications.c.actor_id).where(notifications.c.kind == NotificationKind.MENTION)
COUNT = select(func.count()).select_from(notifications)


@pytest.fixture
def g(tx: Tx) -> Gathered:
    return Gathered(tx)


def shapes(g: Gathered) -> dict[str, Document]:
    """Addressing of a private answer as each server sends it (facts §3)."""
    here, mine = g.community.uri, f"{g.actor(g.dee).uri}"
    return {
        "gotosocial": {"to": here, "tag": tag(g), "interactionPolicy": {}},
        "takahe": {"to": [], "cc": here, "tag": [tag(g)]},
        "snac2": {"to": [here], "cc": [], "summary": "", "context": f"{mine}#ctxt"},
        "mastodon": {"to": [here, f"{here}/followers"], "cc": [], "tag": [tag(g)]},
        "to missing": {"cc": [here]},
        "nobody at all": {},
    }


# What is taken.


@pytest.mark.both
@pytest.mark.parametrize(
    "shape", ["gotosocial", "takahe", "snac2", "mastodon", "to missing", "nobody at all"]
)
def test_rule_12_and_13_a_private_answer_in_each_shape_joins_the_thread(
    g: Gathered, shape: str
) -> None:
    root = g.relayed()
    document = answer(g, root, g.dee)
    del document["to"]
    outcome = g.hears(g.dee, document | shapes(g)[shape])
    assert outcome == plain.Outcome()
    row = g.heard(g.dee, document)
    assert row is not None
    assert (row.reply_to_id, row.root_id, row.place_id) == (root, root, g.community_id)
    assert (row.author_id, row.is_local, row.uri) == (g.dee, True, g.node.post(row.id))
    assert row.content == "<p>we use straps</p>"
    assert row.is_accepted
    assert row.audience == g.row(root).audience
    assert g.row(root).replies_count == 1
    assert passed_on(g) == 1


@pytest.mark.both
def test_rule_13_a_private_mention_of_the_community_alone_starts_a_thread(g: Gathered) -> None:
    for number, shape in enumerate(("gotosocial", "takahe", "snac2", "mastodon"), 1):
        document = g.note_by(g.dee, number)
        del document["to"]
        assert g.hears(g.dee, document | shapes(g)[shape]) == plain.Outcome()
        row = g.heard(g.dee, document)
        assert row is not None
        assert (row.reply_to_id, row.root_id) == (None, row.id)
        wrapper = posts.share_of(g.tx, row.id, g.community_id)
        assert wrapper is not None
        assert wrapper.place_id == g.community_id
    assert passed_on(g) == 4


@pytest.mark.both
def test_an_answer_is_stored_once_and_its_author_is_told_nothing(g: Gathered) -> None:
    root = g.relayed()
    document = answer(g, root, g.dee)
    g.hears(g.dee, document)
    assert g.hears(g.dee, document) == plain.Outcome()
    assert passed_on(g) == 1
    assert g.row(root).replies_count == 1
    assert g.told(g.dee) == []


def test_who_is_answered_is_told(g: Gathered) -> None:
    root = g.relayed()
    g.hears(g.dee, answer(g, root, g.dee))
    assert [row[0] for row in g.tx.all(TOLD)] == [g.ana]


def test_an_answer_is_not_older_than_what_it_answers(g: Gathered) -> None:
    """Many servers tell whole seconds, and a thread's figures go by its times."""
    root = g.relayed()
    g.hears(g.dee, answer(g, root, g.dee) | {"published": "2020-01-01T00:00:00Z"})
    answered = g.row(root)
    found = [row for row in posts.in_thread(g.tx, root) if row.reply_to_id == root]
    assert [row.created_at > answered.created_at for row in found] == [True]
    assert answered.replies_count == 1


def test_an_answer_to_own_words_joins_their_thread(g: Gathered) -> None:
    first = g.note_by(g.dee)
    g.hears(g.dee, first)
    second = g.note_by(g.dee, 2, inReplyTo=first["id"])
    g.hears(g.dee, second)
    root, row = g.heard(g.dee, first), g.heard(g.dee, second)
    assert root is not None
    assert row is not None
    assert row.reply_to_id == root.id
    third = g.note_by(g.eve, 3, inReplyTo=first["id"])  # not hers: a thread of its own
    g.hears(g.eve, third)
    other = g.heard(g.eve, third)
    assert other is not None
    assert other.root_id == other.id


# How wide it is already.


@pytest.mark.parametrize("visibility", ["private", "unlisted", "unlisted takahe", "public"])
@pytest.mark.parametrize("as_answer", [True, False], ids=["answer", "thread"])
def test_rule_14_what_others_may_read_is_held_and_its_author_is_told(
    g: Gathered, visibility: str, as_answer: bool
) -> None:
    root = g.relayed()
    document = answer(g, root, g.dee) if as_answer else g.note_by(g.dee)
    document |= {"cc": []} | wide(g)[visibility]
    outcome = g.hears(g.dee, document)
    assert outcome is not None
    assert outcome.reason == "held: others than the community may read it"
    row = g.heard(g.dee, document)
    assert row is not None
    assert row.acceptance is Acceptance.REFUSED
    assert g.row(root).replies_count == 0
    assert posts.share_of(g.tx, row.id, g.community_id) is None
    assert passed_on(g) == 0
    [hint] = g.told(g.dee)
    assert "it was not passed on" in hint
    assert ("Anybody" if visibility != "private" else "Your own followers") in hint
    assert g.tx.scalar(COUNT) == 0
    g.hears(g.dee, document)  # again: told once
    assert len(g.told(g.dee)) == 1


def test_rule_14_the_closed_twin_goes_on(g: Gathered) -> None:
    root = g.relayed()
    assert g.hears(g.dee, answer(g, root, g.dee) | wide(g)["direct"]) == plain.Outcome()
    assert passed_on(g) == 1
    assert g.told(g.dee) == []


def test_rule_14_a_community_may_take_what_followers_saw_and_says_so(tx: Tx) -> None:
    g = Gathered(tx, takes_wider=True)
    root = g.relayed()
    document = answer(g, root, g.dee) | wide(g)["private"]
    assert g.hears(g.dee, document) == plain.Outcome()
    [hint] = g.told(g.dee)
    assert "Your own followers" in hint
    assert "passed on" in hint
    open_one = answer(g, root, g.dee, 2) | wide(g)["public"]
    outcome = g.hears(g.dee, open_one)
    assert outcome is not None
    assert outcome.reason is not None  # never, whatever the community allows
    assert passed_on(g) == 1


def test_rule_14_stewards_see_how_many_were_held(g: Gathered) -> None:
    g.hears(g.dee, g.note_by(g.dee, 1) | wide(g)["public"])
    g.hears(g.dee, g.note_by(g.dee, 2) | wide(g)["private"])
    g.hears(g.eve, g.note_by(g.eve, 3) | wide(g)["unlisted takahe"])
    g.hears(g.eve, g.note_by(g.eve, 4))
    assert relay_notes.held(g.tx, g.community_id) == 2


@pytest.mark.parametrize("hidden", ["bto", "bcc"])
@pytest.mark.parametrize("outer", [True, False], ids=["activity", "object"])
def test_rule_12_hidden_addresses_count(g: Gathered, hidden: str, outer: bool) -> None:
    document = g.note_by(g.dee)
    if outer:
        outcome = g.hears(g.dee, document, **{hidden: PUBLIC})
    else:
        outcome = g.hears(g.dee, document | {hidden: [PUBLIC]})
    assert outcome is not None
    assert outcome.reason == "held: others than the community may read it"


def test_rule_12_the_activity_may_be_wider_than_its_object(g: Gathered) -> None:
    document = g.note_by(g.dee)
    assert g.hears(g.dee, document, cc="as:Public") != plain.Outcome()
    assert passed_on(g) == 0


def test_rule_13_members_named_in_an_answer_do_not_make_it_wider(g: Gathered) -> None:
    root = g.relayed()
    both = [g.community.uri, g.actor(g.bo).uri]
    named = {"type": "Mention", "href": g.actor(g.bo).uri, "name": "@bo"}
    document = answer(g, root, g.dee) | {"to": both, "tag": [tag(g), named]}
    assert g.hears(g.dee, document) == plain.Outcome()
    row = g.heard(g.dee, document)
    assert row is not None
    assert set(posts.named_in(g.tx, row.id)) == {g.bo}
    stranger = answer(g, root, g.eve, 2) | {"to": [g.community.uri, g.actor(g.stranger).uri]}
    assert g.hears(g.eve, stranger) != plain.Outcome()
    assert passed_on(g) == 1


def test_a_private_mention_that_names_a_person_too_is_for_the_person(g: Gathered) -> None:
    here = g.community.uri
    document = g.note_by(g.dee) | {"to": [here, f"{here}/followers", g.actor(g.ana).uri]}
    assert g.hears(g.dee, document) is None  # goes on as any private post
    assert g.heard(g.dee, document) is None
    [hint] = g.told(g.dee)
    assert "not to the community" in hint
    wider = g.note_by(g.dee, 2) | {"to": [g.community.uri, g.actor(g.ana).uri, PUBLIC]}
    outcome = g.hears(g.dee, wider)
    assert outcome is not None
    assert outcome.reason is not None  # else it would be stored by its place


def test_a_post_to_two_communities_goes_to_none(g: Gathered) -> None:
    other = add_community(g.tx, "other")
    add_membership(g.tx, other, g.dee, way=Way.PLAIN)
    document = g.note_by(g.dee) | {"to": [g.community.uri, g.actor(other).uri]}
    assert g.hears(g.dee, document) == plain.Outcome("a post belongs in one community")


# Who may.


@pytest.mark.both
@pytest.mark.parametrize(
    "state",
    [
        MembershipState.INVITED,
        MembershipState.REQUESTED,
        MembershipState.REMOVED,
        MembershipState.LEFT,
        MembershipState.BANNED,
    ],
    ids=str,
)
def test_rule_17_who_is_no_member_now_is_dropped_without_a_word(
    g: Gathered, state: MembershipState
) -> None:
    root = g.relayed()
    late = answer(g, root, g.dee)
    g.standing(g.dee, state)
    outcome = g.hears(g.dee, late)
    assert outcome is not None
    assert outcome.reason == "no member of that community"
    assert g.hears(g.dee, g.note_by(g.dee, 2)) is None
    assert g.heard(g.dee, late) is None
    assert g.told(g.dee) == []
    assert passed_on(g) == 0
    g.standing(g.dee, MembershipState.ACTIVE)
    assert g.hears(g.dee, late) == plain.Outcome()


@pytest.mark.both
def test_rule_18_a_note_of_somebody_else_is_no_key(g: Gathered) -> None:
    root = g.relayed()
    document = g.note_by(g.eve, inReplyTo=g.copy_uri(root, g.dee))
    outcome = g.hears(g.eve, document)
    assert outcome == plain.Outcome("no relay note of theirs by that id")
    assert g.heard(g.eve, document) is None
    unknown = g.note_by(g.eve, 2, inReplyTo=g.node.relay_note("a" * 32))
    assert g.hears(g.eve, unknown) == outcome  # as if there were none
    assert g.hears(g.eve, answer(g, root, g.eve, 3)) == plain.Outcome()


def test_rule_18_a_post_in_another_community_is_not_answered(g: Gathered) -> None:
    other = add_community(g.tx, "other")
    secret = add_post(g.tx, g.ana, Audience.community(other), place_id=other)
    document = g.note_by(g.dee, inReplyTo=g.node.post(secret))
    assert g.hears(g.dee, document) == plain.Outcome()
    row = g.heard(g.dee, document)
    assert row is not None
    assert row.root_id == row.id  # a thread of its own, in her own community


def test_members_of_our_nodes_and_strangers_are_none_of_this(g: Gathered) -> None:
    assert g.hears(g.cy, g.note_by(g.cy)) is None
    assert g.hears(g.stranger, g.note_by(g.stranger)) is None
    elsewhere = g.note_by(g.dee) | {"to": PUBLIC}
    assert g.hears(g.dee, elsewhere) is None


def test_nothing_is_written_in_an_archived_community(tx: Tx) -> None:
    g = Gathered(tx, life=Life.ARCHIVED)
    outcome = g.hears(g.dee, g.note_by(g.dee))
    assert outcome is not None
    assert outcome.reason is not None
    assert passed_on(g) == 0
    [hint] = g.told(g.dee)
    assert "archived" in hint


def test_a_deleted_parent_is_not_answered_and_its_author_told_so(g: Gathered) -> None:
    root = g.relayed()
    unnamed, named = answer(g, root, g.dee) | {"to": []}, answer(g, root, g.dee, 2)
    posts.mark_deleted(g.tx, root)
    for number, document in enumerate((unnamed, named), 1):
        outcome = g.hears(g.dee, document)
        assert outcome == plain.Outcome("what it answers is not there any more")
        assert g.heard(g.dee, document) is None
        assert len(g.told(g.dee)) == number


# What it says.


def _votes(g: Gathered, person: int, vote: dict[str, Any]) -> str | None:
    """A vote arrives; why it had no effect."""
    signer = g.actor(person)
    return remote_polls.receive_vote(
        g.tx,
        node=g.node,
        vote=parse_vote([vote], by=signer.uri),
        signer=signer,
        uri=f"{vote['id']}#Create",
        received_at=g.tx.now,
    )


@pytest.mark.parametrize("content", ["<br>", "", "<p><br></p>"], ids=["snac2", "none", "empty"])
def test_rule_20_a_vote_is_no_post(g: Gathered, content: str) -> None:
    root = g.post(type=PostType.QUESTION)
    polls.make(g.tx, g.row(root), NewPoll(("Friday", "Monday"), 3600))
    g.relay(root)
    vote = answer(g, root, g.dee) | {"name": "Friday", "content": content, "tag": [tag(g)]}
    assert is_vote(vote)
    assert _votes(g, g.fay, vote | {"attributedTo": g.actor(g.fay).uri}) is not None  # O11: Dee's
    assert _votes(g, g.dee, vote) is None
    asked = rows.of_post(g.tx, root)
    assert asked is not None
    assert ([one.votes for one in asked.options], asked.voters) == ([1, 0], 1)
    assert _votes(g, g.dee, vote | {"name": "Monday"}) == "they have voted before"
    assert g.heard(g.dee, vote) is None
    words = answer(g, root, g.dee, 2) | {"name": "Friday"}
    assert g.hears(g.dee, words) == plain.Outcome()


def test_rule_22_the_mention_is_stripped_and_the_rest_made_harmless(g: Gathered) -> None:
    root = g.relayed()
    content = (
        '<p><span class="h-card"><a class="u-url mention" href="https://here.example/@lifting">'
        "@<span>lifting</span></a></span> yes<script>alert(1)</script></p><p><br></p>"
        '<p onclick="x()">and <img src="https://x.example/x">no</p>'
    )
    document = answer(g, root, g.dee) | {"content": content}
    g.hears(g.dee, document)
    row = g.heard(g.dee, document)
    assert row is not None
    assert row.content == "<p>yes</p><p><br></p><p>and no</p>"


def test_words_that_say_nothing_are_no_post(g: Gathered) -> None:
    document = g.note_by(g.dee) | {"content": "<p>@lifting@here.example</p>"}
    assert g.hears(g.dee, document) == plain.Outcome("it says nothing")
    assert g.heard(g.dee, document) is None
