"""What stewards set: by the helper, logged, and never so that more people read what was written."""

from typing import Any

import pytest

from domain.community_settings import Wishes, wish
from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import Deed, History, MembershipState, Relay, Way
from social import memberships, muting
from social.community_settings import change, shown
from social.standing import OPERATOR
from storage.queries import actors, communities, origins, relay_notes
from storage.queries.communities import CommunityRow
from storage.queries.disclosures import disclose
from storage.tx import Tx
from tests.social.belonging import Story, sent, told
from tests.social.test_commands import hear, say
from tests.support.clubs import OPEN
from tests.support.factories import add_person, add_post, add_remote, add_wrapper, origin_of


def row_of(story: Story) -> CommunityRow:
    row = communities.by_id(story.tx, story.id)
    assert row is not None
    return row


def settings_of(story: Story) -> list[str]:
    return [
        row.reason for row in communities.log_of(story.tx, story.id) if row.deed is Deed.SETTING
    ]


def set_(story: Story, by: int | None = None, **wishes: Any) -> list[str]:
    return change(
        story.tx,
        node=OPEN,
        community_id=story.id,
        wishes=Wishes(**wishes),
        by_id=story.ana if by is None else by,
    )


ALL: list[tuple[str, str, str, Any]] = [
    ("relay", "notify", "relay", Relay.NOTIFY),
    ("relay", "timeline", "relay", Relay.TIMELINE),
    ("pictures", "yes", "relays_pictures", True),
    ("wider", "yes", "takes_wider", True),
    ("keeps-words", "yes", "keeps_words", True),
    ("takes-back", "yes", "takes_back", True),
    ("history", "since-joining", "history", History.SINCE_JOINING),
]


@pytest.mark.both
@pytest.mark.parametrize(
    ("name", "value", "column", "meant"), ALL, ids=[f"{one[0]}-{one[1]}" for one in ALL]
)
def test_a_steward_sets_it_by_a_sentence_and_it_is_logged(
    tx: Tx, name: str, value: str, column: str, meant: Any
) -> None:
    story = Story(tx).launched()
    answer = say(tx, story.ana, f"set safe-lifting {name} {value}")
    assert answer.startswith("Done for Safe lifting.\n")
    assert getattr(row_of(story), column) == meant
    assert settings_of(story) == [f"{name} {value}"]
    [row] = [one for one in communities.log_of(tx, story.id) if one.deed is Deed.SETTING]
    assert row.by_id == story.ana
    assert any(line.startswith(f"{name} {value}: ") for line in shown(tx, story.id))
    again = say(tx, story.ana, f"set safe-lifting {name} {value}")
    assert again == "Safe lifting is set so already."
    assert settings_of(story) == [f"{name} {value}"]


@pytest.mark.parametrize(
    "words",
    [
        "set relay notify",
        "set safe-lifting relay: notify",
        "Set the community @safe-lifting relay notify.",
        "set safe-lifting relay NOTIFY",
    ],
)
def test_it_may_be_said_in_other_ways(tx: Tx, words: str) -> None:
    story = Story(tx).launched()
    say(tx, story.ana, words)
    assert row_of(story).relay is Relay.NOTIFY


def test_others_set_nothing(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = add_person(tx, "cy")
    memberships.add(tx, **story.pair(cy), by_id=story.ana)
    for person in (cy, add_person(tx, "eve")):
        assert "do not take care" in say(tx, person, "set safe-lifting relay notify")
        with pytest.raises(NotAllowed):
            set_(story, by=person, relay=Relay.NOTIFY)
    assert row_of(story).relay is Relay.DIRECT
    assert set_(story, by=OPERATOR, relay=Relay.NOTIFY)
    assert row_of(story).relay is Relay.NOTIFY


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("set safe-lifting relay loud", "For relay you can choose: direct, timeline, notify"),
        ("set safe-lifting pictures maybe", "For pictures you can choose: yes, no"),
        ("set safe-lifting history never", "For history you can choose: all, since-joining"),
        ("set safe-lifting colour red", "I understood “set”"),
        ("set safe-lifting", "I understood “set”"),
        ("set", "I understood “set”"),
    ],
)
def test_what_cannot_be_set_is_said_with_what_can(tx: Tx, words: str, answer: str) -> None:
    story = Story(tx).launched()
    before = row_of(story)
    assert answer in say(tx, story.ana, words)
    assert row_of(story) == before


def test_what_no_setting_is_called_is_refused() -> None:
    with pytest.raises(Invalid, match="history, keeps-words, name"):
        wish("colour", "red")
    assert wish("name", "Lifting") == Wishes(name="Lifting")


# Never wider.


@pytest.mark.both
def test_history_becomes_narrower_at_any_time_and_wider_only_before_the_first_word(
    tx: Tx,
) -> None:
    story = Story(tx, history=History.SINCE_JOINING).launched()
    assert set_(story, history=History.ALL)
    assert set_(story, history=History.SINCE_JOINING)
    post = add_post(tx, story.ana, place_id=story.id)
    assert set_(story, history=History.ALL)  # it waits, or was refused: nobody read it here
    assert set_(story, history=History.SINCE_JOINING)
    add_wrapper(tx, story.id, post)
    with pytest.raises(NotAllowed, match="never by more"):
        set_(story, history=History.ALL, relay=Relay.NOTIFY)
    assert row_of(story).history is History.SINCE_JOINING
    assert "never by more" in say(tx, story.ana, "set history all")


def test_history_all_becomes_narrower_after_words_too(tx: Tx) -> None:
    story = Story(tx).launched()
    add_wrapper(tx, story.id, add_post(tx, story.ana, place_id=story.id))
    assert set_(story, history=History.SINCE_JOINING)
    assert set_(story, history=History.SINCE_JOINING) == []


@pytest.mark.both
def test_nodes_where_members_live_hear_of_a_narrower_history(tx: Tx) -> None:
    story = Story(tx).launched()
    cy, dee = story.cy(), add_remote(tx, "dee", "https://plain.example")
    origins.remember_software(tx, origin_of(tx, "https://plain.example"), "mastodon")
    for one in (cy, dee):
        story.invite(one)
        story.asked(one, way=Way.NODE if one == cy else Way.PLAIN, uri=f"{OPEN.origin}/f/{one}")
    before = len(sent(tx, "Accept"))
    set_(story, history=History.SINCE_JOINING)
    [accept] = sent(tx, "Accept")[before:]
    person = actors.by_id(tx, cy)
    assert person is not None
    assert accept["to"] == [person.uri]
    assert accept["result"]["tertulia:history"] == "since joining"
    set_(story, relay=Relay.NOTIFY)
    assert len(sent(tx, "Accept")) == before + 1


# Name and purpose.


def test_a_name_is_changed_and_members_elsewhere_hear_of_it(tx: Tx) -> None:
    story = Story(tx).launched()
    answer = say(tx, story.ana, "set safe-lifting name: Lifting well")
    assert answer == "Done for Safe lifting.\nIt is called Lifting well now."
    actor = actors.by_id(tx, story.id)
    assert actor is not None
    assert actor.name == "Lifting well"
    assert "Following = asking" in actor.summary
    [update] = sent(tx, "Update")
    assert update["object"]["name"] == "Lifting well"
    with pytest.raises(Invalid):
        set_(story, name=" ")
    assert settings_of(story) == ["name"]


def test_a_purpose_is_set_until_it_is_launched(tx: Tx) -> None:
    story = Story(tx)
    assert set_(story, purpose="To lift together") == ["Its purpose: To lift together"]
    story.launched()
    with pytest.raises(NotAllowed):
        set_(story, purpose="Something else")
    assert set_(story, by=OPERATOR, purpose="Something else")
    assert row_of(story).purpose == "Something else"


def test_there_has_to_be_a_community_here(tx: Tx) -> None:
    story = Story(tx)
    with pytest.raises(NotFound):
        change(tx, node=OPEN, community_id=story.ana, wishes=Wishes(), by_id=OPERATOR)


# Advice for servers whose members can pass on what they get.


@pytest.mark.parametrize(
    ("software", "relay", "advised"),
    [
        ("takahe", Relay.DIRECT, True),
        ("takahe", Relay.NOTIFY, False),
        ("mastodon", Relay.DIRECT, False),
    ],
)
def test_stewards_are_advised_to_notify_before_they_let_in(
    tx: Tx, software: str, relay: Relay, advised: bool
) -> None:
    story = Story(tx).launched()
    set_(story, relay=relay)
    cy = story.cy(ours=False)
    origins.remember_software(tx, origin_of(tx, "https://far.example"), software)
    disclose(tx, [story.id], [origin_of(tx, "https://far.example")])
    story.asked(cy, way=Way.PLAIN)
    assert story.state(cy) is MembershipState.REQUESTED
    request = told(tx, story.ana)[-1]
    assert "asks to join" in request
    assert ("set safe-lifting relay notify" in request) is advised


# What members on plain servers tell the helper.


def dee_says(tx: Tx, words: str) -> tuple[Story, int, str]:
    story = Story(tx).launched()
    dee = add_remote(tx, "dee", "https://plain.example")
    origins.remember_software(tx, origin_of(tx, "https://plain.example"), "mastodon")
    story.invite(dee)
    story.asked(dee, way=Way.PLAIN)
    return story, dee, hear(tx, story, dee, words)


@pytest.mark.both
@pytest.mark.parametrize("words", ["mute bo in safe-lifting", "mute @Bo", "mute bo"])
def test_a_plain_member_mutes_somebody_and_hears_them_again(tx: Tx, words: str) -> None:
    story, dee, answer = dee_says(tx, words)
    assert "You are not sent any more what" in answer
    for author, gets in ((story.bo, False), (story.ana, True)):
        found = relay_notes.plain_members(tx, story.id, author_id=author)
        assert bool(found) is gets
    assert "again" in hear(tx, story, dee, words.replace("mute", "unmute"))
    assert relay_notes.plain_members(tx, story.id, author_id=story.bo)


def test_nobody_is_muted_by_a_name_that_nobody_there_has(tx: Tx) -> None:
    story, _dee, answer = dee_says(tx, "mute Zoe in safe-lifting")
    assert answer == "@dee@plain.example I know nobody called Zoe there."
    assert relay_notes.plain_members(tx, story.id, author_id=story.bo)


def test_muting_is_for_members_on_plain_servers(tx: Tx) -> None:
    story = Story(tx).launched()
    assert "who live on another server" in say(tx, story.ana, "mute bo in safe-lifting")
    stranger = add_remote(tx, "eve", "https://plain.example")
    assert "who live on another server" in hear(tx, story, stranger, "mute bo")
    assert muting.communities_of(tx, _view(tx, stranger)) == []


def _view(tx: Tx, actor_id: int) -> Any:
    found = actors.by_id(tx, actor_id)
    assert found is not None
    return found


def test_digests_are_refused_kindly(tx: Tx) -> None:
    _story, _dee, answer = dee_says(tx, "digest daily")
    assert "I cannot send digests yet." in answer


def test_help_names_what_one_may_set_or_mute(tx: Tx) -> None:
    story, dee, answer = dee_says(tx, "help")
    assert "mute Cy in safe-lifting" in answer
    assert "set safe-lifting" not in answer
    assert "set safe-lifting relay notify" in say(tx, story.ana, "help")
    memberships.leave(tx, node=OPEN, actor_id=dee, community_id=story.id, by_command=True)
    assert "mute" not in hear(tx, story, dee, "help")
