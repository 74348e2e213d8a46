"""Orders by private mention: from whom, about what, and what is answered (protocol §1)."""

import pytest
from sqlalchemy import select

from domain.audience import Audience
from domain.choices import Choice
from domain.commands import USAGE, Verb
from domain.kinds import ActorType, MembershipState, Preset, Role
from domain.roles import CommunityRole
from social import commands, errands
from social import communities as communities_of_us
from social.posts import Draft, create_post
from storage.queries import actors, communities
from storage.queries.posts import by_id
from storage.tables.jobs import jobs
from storage.tables.posts import mentions, posts
from storage.tx import Tx
from tests.social.belonging import Story, told
from tests.support.clubs import OPEN
from tests.support.factories import add_person, add_post, add_remote

_JOBS = select(jobs.c.kind, jobs.c.payload)
_NAMED = select(mentions.c.actor_id).where(mentions.c.post_id == posts.c.id)


def say(tx: Tx, sender: int, words: str, visibility: Choice = Choice.DIRECT) -> str:
    """Write to the helper; what it answers to this."""
    before = told(tx, sender)
    create_post(
        tx, node=OPEN, author_id=sender, draft=Draft(f"@tertulia {words}", visibility=visibility)
    )
    new = told(tx, sender)[len(before) :]
    assert len(new) <= 1
    return new[0] if new else ""


def hear(tx: Tx, story: Story, sender: int, words: str) -> str:
    """The helper hears somebody of another server; what it answers."""
    before = told(tx, sender)
    actor = actors.by_id(tx, sender)
    assert actor is not None
    post = add_post(tx, sender, Audience.direct(), named=(story.helper,), origin_id=actor.origin_id)
    row = by_id(tx, post)
    assert row is not None
    commands.listen(tx, node=OPEN, post=row, text=words)
    new = told(tx, sender)[len(before) :]
    return new[0] if new else ""


def asking(story: Story, handle: str = "dee") -> int:
    dee = add_person(story.tx, handle)
    story.follow(dee)
    return dee


# Stewards.


def test_a_steward_approves(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = asking(story)
    assert "Dee (@dee) belongs to Safe lifting now" in say(tx, story.bo, "approve @dee")
    assert communities.is_member(tx, story.id, dee)


def test_a_steward_refuses_with_a_reason(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = asking(story)
    assert "was not let into" in say(tx, story.bo, "refuse @dee to safe-lifting: too early")
    assert story.state(dee) is None
    assert "too early" in told(tx, dee)[-1]


def test_a_steward_removes_and_only_the_helper_hears_the_sentence(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = add_person(tx, "dee")
    story.invite(dee)
    story.follow(dee)
    assert "does not belong" in say(tx, story.ana, "remove @dee from @safe-lifting: shouting")
    assert not communities.is_member(tx, story.id, dee)
    named = tx.all(_NAMED.where(posts.c.author_id == story.ana))
    assert {row[0] for row in named} == {story.helper}


def test_a_steward_invites_with_a_role(tx: Tx) -> None:
    story = Story(tx)
    assert "is invited to Safe lifting" in say(tx, story.ana, "invite @bo as steward")
    story.follow(story.bo)
    row = story.member(story.bo)
    assert row is not None
    assert row.role is CommunityRole.STEWARD
    assert "is launched" in say(tx, story.bo, "launch safe-lifting")


def test_somebody_unknown_elsewhere_is_looked_up_by_a_job(tx: Tx) -> None:
    story = Story(tx).launched()
    assert "I am looking for" in say(tx, story.ana, "invite @cy@far.example to safe-lifting")
    (payload,) = [row[1] for row in tx.all(_JOBS) if row[0] == "invite"]
    assert b"far.example" in payload
    assert "Nobody here is called" in say(tx, story.ana, "invite @nobody")


def test_roles_are_given(tx: Tx) -> None:
    story = Story(tx).launched()
    assert "Bo (@bo) is guide of Safe lifting" in say(tx, story.ana, "make @bo guide")
    row = story.member(story.bo)
    assert row is not None
    assert row.role is CommunityRole.GUIDE
    assert "Only the stewards" in say(tx, story.bo, "make @bo steward")


def test_the_community_is_asked_for_only_if_it_is_unclear(tx: Tx) -> None:
    story = Story(tx).launched()
    other = _second(tx, story)
    dee = asking(story)
    assert "Which community? You take care of" in say(tx, story.ana, "invite @eli")
    assert "belongs to Safe lifting now" in say(tx, story.ana, "approve @dee")
    assert communities.is_member(tx, story.id, dee)
    assert not communities.is_member(tx, other, dee)


def _second(tx: Tx, story: Story) -> int:
    return communities_of_us.found(
        tx,
        node=OPEN,
        handle="other",
        name="Other",
        purpose="Others",
        preset=Preset.MEMBERS,
        by_id=story.ana,
        keys=None,
    )


def test_two_of_the_same_name_are_not_mixed_up(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    story.agree()
    story.asked(cy)
    here = asking(story, "cy")
    assert "Whom do you mean" in hear(tx, story, _steward_elsewhere(story), "approve @cy")
    assert (story.state(cy), story.state(here)) == (MembershipState.REQUESTED,) * 2
    assert "belongs to" in say(tx, story.ana, "approve @cy@far.example")
    assert communities.is_member(tx, story.id, cy)
    assert not communities.is_member(tx, story.id, here)


# From elsewhere.


def _steward_elsewhere(story: Story) -> int:
    bea = add_remote(story.tx, "bea", "https://far.example")
    story.cy()
    story.invite(bea, role=CommunityRole.STEWARD)
    story.asked(bea)
    return bea


def test_a_steward_on_another_server_is_obeyed_though_handles_come_shortened(tx: Tx) -> None:
    story = Story(tx).launched()
    bea, dee = _steward_elsewhere(story), asking(story)
    words = "<p><a>@<span>tertulia</span></a> approve <a>@<span>dee</span></a></p>"
    assert "belongs to Safe lifting now" in hear(tx, story, bea, words)
    assert communities.is_member(tx, story.id, dee)


def test_a_stranger_is_told_nothing_about_communities(tx: Tx) -> None:
    """Answers about a hidden community and about none are the same."""
    story = Story(tx, listed=False).launched()
    eve = add_remote(tx, "eve", "https://evil.example")
    for sentence in ("join {}", "leave {}", "remove @bo from {}", "launch {}"):
        known = hear(tx, story, eve, sentence.format("safe-lifting"))
        unknown = hear(tx, story, eve, sentence.format("no-such-thing"))
        assert known.replace("safe-lifting", "X") == unknown.replace("no-such-thing", "X")
    assert communities.is_member(tx, story.id, story.bo)


def test_programs_are_not_answered(tx: Tx) -> None:
    story = Story(tx).launched()
    bot = add_remote(tx, "tertulia", "https://far.example", type=ActorType.SERVICE)
    assert hear(tx, story, bot, "help") == ""
    assert hear(tx, story, add_remote(tx, "cy"), "help") != ""


# Members and everybody.


def test_a_member_leaves_and_joins_by_a_sentence(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = add_person(tx, "dee")
    assert "You asked to join" in say(tx, dee, "join safe-lifting")
    say(tx, story.ana, "approve @dee")
    assert "safe-lifting, member" in say(tx, dee, "communities")
    assert "You have left Safe lifting" in say(tx, dee, "leave @safe-lifting")
    assert "do not belong" in say(tx, dee, "leave @safe-lifting")


def test_help_names_what_one_may(tx: Tx) -> None:
    story = Story(tx).launched()
    gus = add_person(tx, "gus", role=Role.GUEST)
    assert USAGE[Verb.APPROVE] in say(tx, story.ana, "help")
    plain = say(tx, add_person(tx, "dee"), "help")
    assert USAGE[Verb.CREATE] in plain
    assert USAGE[Verb.APPROVE] not in plain
    assert USAGE[Verb.CREATE] not in say(tx, gus, "help")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("dance", "did not understand “dance”"),
        ("approve", "I understood “approve”, but not the rest"),
        ("approve @nobody", "I found nobody called @nobody"),
        ("launch safe-lifting", "do not take care of a community called safe-lifting"),
    ],
)
def test_what_cannot_be_done_is_answered_kindly(tx: Tx, words: str, answer: str) -> None:
    Story(tx).launched()
    assert answer in say(tx, add_person(tx, "dee"), words)


def test_only_private_mentions_are_orders(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = asking(story)
    for visibility in (Choice.PUBLIC, Choice.UNLISTED, Choice.PRIVATE):
        assert "belongs" not in say(tx, story.ana, "approve @dee", visibility)
    assert story.state(dee) is MembershipState.REQUESTED


# Founding.


def test_a_member_founds_a_community_by_a_sentence(tx: Tx) -> None:
    story = Story(tx)
    assert say(tx, story.bo, "create reading Reading round: to read together") == ""
    (payload,) = [row[1] for row in tx.all(_JOBS) if row[0] == errands.FOUND]
    assert b"Reading round" in payload


def test_a_name_that_cannot_be_used_is_said_at_once(tx: Tx) -> None:
    story = Story(tx)
    assert "cannot be used" in say(tx, story.bo, "create safe-lifting Mine: mine")
    assert "reserved" in say(tx, story.bo, "create admin Mine: mine")
    assert "Members of this node" in say(
        tx, add_person(tx, "gus", role=Role.GUEST), "create x Mine: mine"
    )
