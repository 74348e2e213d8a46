"""`timeline`: one note for all members on a server, where nobody else would see it (protocol §5).

Facts: private-groups-observed.md §2 rows 1, 4 and 8, §4, and rule 27.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import bindparam, delete

from domain.audience import Viewer
from domain.errors import NotFound
from domain.kinds import FollowState, MembershipState, Relay, Way
from outbox import relay as relaying
from outbox.apart import apart
from outbox.members import still_due, with_collections
from social import standing
from storage.queries import communities, deliveries, plain_servers, posts, relay_notes
from storage.tables.relations import follows
from storage.tx import Tx
from tests.support.factories import add_block, add_follow, add_membership
from tests.support.plain import PLAIN, PUBLIC, Gathered, Sent, answer, as_stripped
from web.actors.documents import shown_activity
from web.actors.relay import shown_relay_note

SHARED_INBOX = f"{PLAIN}/inbox"
_UNFOLLOW = delete(follows).where(follows.c.follower_id == bindparam("one"))


class Club(Gathered):
    """Dee and Eve follow from one server of a kind; Fay, on another, is of unknown kind."""

    def __init__(self, tx: Tx, software: str = "mastodon", **settings: Any) -> None:
        super().__init__(tx, **{"relay": Relay.TIMELINE} | settings)
        for one in (self.dee, self.eve, self.fay):
            add_follow(tx, one, self.community_id)
        self.software(self.dee, software)

    @property
    def there(self) -> int:
        return self.actor(self.dee).origin_id

    def shared(self) -> list[Sent]:
        return [one for one in self.sent() if one.recipient_id == 0]

    def alone(self) -> list[int | None]:
        return [one.recipient_id for one in self.sent() if one.recipient_id]


def is_a_shared_note(club: Club, one: Sent) -> None:
    followers = club.community.followers
    for document in (one.body, one.note):
        assert document["to"] == [followers]
        assert not {"cc", "bto", "bcc", "audience"} & set(document)
        assert PUBLIC not in str(document)
    assert one.note["tag"] == []
    assert "attachment" not in one.note
    assert "name" not in one.note
    assert "Keep @lifting@here.example" in as_stripped(one.note["content"])


@pytest.mark.both
def test_members_on_one_server_share_one_note_and_one_delivery(tx: Tx) -> None:
    club = Club(tx)
    post_id = club.post(content="<p>use straps</p>")
    assert club.relay(post_id) == 2
    [one] = club.shared()
    is_a_shared_note(club, one)
    assert "use straps" in one.note["content"]
    assert one.inbox == SHARED_INBOX
    assert (one.post_id, one.community_id) == (post_id, club.community_id)
    assert club.alone() == [club.fay]
    assert club.relay(post_id) == 0


@pytest.mark.both
@pytest.mark.parametrize(
    ("software", "wider", "shares"),
    [
        ("mastodon", False, True),
        ("Mastodon", True, True),
        ("gotosocial", True, True),
        ("gotosocial", False, False),
        ("takahe", True, False),
        ("snac", True, False),
        ("pleroma", True, False),
        ("something", True, False),
    ],
)
def test_the_kind_of_server_decides(tx: Tx, software: str, wider: bool, shares: bool) -> None:
    club = Club(tx, software, takes_wider=wider)
    club.relayed()
    assert bool(club.shared()) is shares
    assert club.alone() == ([club.fay] if shares else [club.dee, club.eve, club.fay])


def test_what_is_set_otherwise_is_never_shared(tx: Tx) -> None:
    club = Club(tx, relay=Relay.DIRECT)
    club.relayed()
    assert club.shared() == []
    club.settings(relay=Relay.TIMELINE)
    club.relayed()
    assert len(club.shared()) == 1


def spoil(club: Club, how: str) -> None:
    """Something by which somebody there would see what they may not, or miss what they may."""
    match how:
        case "pending":
            add_follow(club.tx, club.stranger, club.community_id, state=FollowState.PENDING)
        case "follows only":
            add_follow(club.tx, club.stranger, club.community_id)
        case "blocked":
            add_block(club.tx, club.ana, club.eve)
        case "muted":
            plain_mute(club)
        case "over":
            club.standing(club.eve, MembershipState.REMOVED)


def plain_mute(club: Club) -> None:
    plain_servers.mute(club.tx, club.community_id, club.eve, club.ana)


@pytest.mark.both
@pytest.mark.parametrize("how", ["pending", "follows only", "blocked", "muted", "over"])
def test_somebody_who_may_not_see_it_makes_everybody_there_get_their_own(tx: Tx, how: str) -> None:
    club = Club(tx)
    spoil(club, how)
    club.relayed()
    assert club.shared() == []
    expected = [club.dee, club.eve, club.fay]
    if how in {"blocked", "muted", "over"}:
        expected.remove(club.eve)
    assert club.alone() == expected
    assert all(one.inbox != SHARED_INBOX for one in club.sent())


def test_pending_is_somebody_who_gets_nothing_at_all(tx: Tx) -> None:
    club = Club(tx)
    spoil(club, "pending")
    club.relayed()
    assert club.sent(club.stranger) == []
    assert not any(club.actor(club.stranger).uri in str(one.body) for one in club.sent())


@pytest.mark.parametrize("state", [MembershipState.REMOVED, MembershipState.LEFT])
def test_rule_27_a_removed_member_spoils_it_on_gotosocial_until_blocked(
    tx: Tx, state: MembershipState
) -> None:
    club = Club(tx, "gotosocial", takes_wider=True)
    add_membership(tx, club.community_id, club.stranger, state=state, way=Way.PLAIN)
    club.relayed()
    assert club.shared() == []
    plain_servers.shut_out(tx, club.community_id, club.stranger)
    club.relayed()
    assert len(club.shared()) == 1


def test_on_mastodon_a_reject_was_enough(tx: Tx) -> None:
    club = Club(tx)
    gone = MembershipState.REMOVED
    add_membership(tx, club.community_id, club.stranger, state=gone, way=Way.PLAIN)
    club.relayed()
    assert len(club.shared()) == 1


def test_its_author_there_does_not_need_it_and_does_not_spoil_it(tx: Tx) -> None:
    club = Club(tx)
    club.relayed(author=club.dee)
    assert len(club.shared()) == 1
    club.standing(club.eve, MembershipState.LEFT)
    club.tx.run(_UNFOLLOW, one=club.eve)
    before = len(club.sent())
    club.relayed(author=club.dee)
    assert [one.recipient_id for one in club.sent()[before:]] == [club.fay]


def changed(club: Club, post_id: int) -> None:
    posts.edit(
        club.tx, post_id, content="<p>new</p>", source=None, summary="", sensitive=False,
        language=None, edited_at=club.tx.now + 5,
    )  # fmt: skip
    club.relay(post_id, "update")


@pytest.mark.both
def test_changes_and_deletions_are_shared_too(tx: Tx) -> None:
    club = Club(tx)
    post_id = club.relayed()
    changed(club, post_id)
    posts.mark_deleted(tx, post_id)
    club.relay(post_id, "delete")
    found = [one for one in club.sent() if one.inbox == SHARED_INBOX]
    assert [one.kind for one in found] == ["Create", "Update", "Delete"]
    assert len({one.order_key for one in found}) == 1
    assert found[2].body["object"]["id"] == found[0].note["id"]


def test_a_change_goes_to_each_alone_once_somebody_there_asks(tx: Tx) -> None:
    club = Club(tx)
    post_id = club.relayed()
    spoil(club, "pending")
    changed(club, post_id)
    assert [one.kind for one in club.shared()] == ["Create"]
    assert [one.kind for one in club.sent() if one.inbox == SHARED_INBOX] == ["Create", "Delete"]
    for who in (club.dee, club.eve):
        [own] = club.sent(who)
        assert own.kind == "Create"
        assert "new" in own.note["content"]


@pytest.mark.both
def test_what_waits_goes_to_each_alone_once_somebody_there_asks(tx: Tx) -> None:
    club = Club(tx)
    post_id = club.relayed(content="<p>in the queue</p>")
    assert apart(tx, node=club.node, community_id=club.community_id, origin_id=club.there) == 1
    assert club.shared() == []
    assert sorted(filter(None, club.alone())) == sorted([club.dee, club.eve, club.fay])
    assert club.copy(post_id, club.dee).actor_id == club.dee
    assert apart(tx, node=club.node, community_id=club.community_id, origin_id=club.there) == 0


@pytest.mark.both
def test_the_right_is_asked_again_when_it_is_sent(tx: Tx) -> None:
    club = Club(tx)
    club.relayed()
    [claimed] = [one for one in deliveries.claim(tx, 50) if one.recipient_id == 0]
    [shared] = club.shared()
    assert still_due(tx, claimed, shared.post_id)
    spoil(club, "pending")
    assert not still_due(tx, claimed, shared.post_id)


@pytest.mark.both
def test_rule_09_a_shared_note_is_shown_to_members_there_alone(tx: Tx) -> None:
    club = Club(tx)
    post_id = club.relayed()
    token = club.copy(post_id, club.dee).token

    def shown(who: int) -> bool:
        try:
            shown_relay_note(tx, node=club.node, token=token, signer=club.actor(who))
        except NotFound:
            return False
        return True

    assert [shown(who) for who in (club.dee, club.eve)] == [True, True]
    for who in (club.stranger, club.fay, club.cy, club.ana, club.community_id):
        assert not shown(who)
    club.standing(club.eve, MembershipState.REMOVED)
    assert [shown(who) for who in (club.dee, club.eve)] == [True, False]


@pytest.mark.both
def test_rule_02_the_activity_of_a_shared_note_is_shown_to_nobody(tx: Tx) -> None:
    club = Club(tx)
    club.relayed()
    [one] = club.shared()
    number = int(one.body["id"].rpartition("/")[2])
    for who in (club.dee, club.eve, club.cy):
        viewer = Viewer.remote(who, club.actor(who).origin_id)
        with pytest.raises(NotFound):
            shown_activity(tx, activity_id=number, viewer=viewer)


def test_what_goes_to_all_there_says_nothing_of_who_belongs_there(tx: Tx) -> None:
    club = Club(tx)
    club.relayed()
    claimed = [one for one in deliveries.claim(tx, 50) if one.recipient_id == 0]
    assert [one.collection for one in with_collections(tx, claimed)] == [""]


@pytest.mark.both
def test_any_member_there_may_answer_it_and_nobody_else(tx: Tx) -> None:
    club = Club(tx, takes_wider=True)
    root = club.relayed()
    for number, who in enumerate((club.dee, club.eve), start=1):
        document = answer(club, root, who, number)
        club.hears(who, document)
        row = club.heard(who, document)
        assert row is not None
        assert row.reply_to_id == root
    uri = club.copy_uri(root, club.dee)
    for who in (club.fay, club.stranger):
        document = club.note_by(who, 9, inReplyTo=uri)
        club.hears(who, document)
        row = club.heard(who, document)
        assert row is None or row.reply_to_id is None


@pytest.mark.parametrize("wider", [True, False])
def test_rule_14_an_answer_to_ones_own_followers_too_is_taken_if_allowed(
    tx: Tx, wider: bool
) -> None:
    club = Club(tx, takes_wider=wider)
    root = club.relayed()
    mine = f"{club.actor(club.dee).uri}/followers"
    club.hears(club.dee, answer(club, root, club.dee, to=mine, cc=club.community.uri))
    row = club.heard(club.dee, answer(club, root, club.dee))
    assert row is not None
    assert row.is_accepted is wider
    [hint] = club.told(club.dee)
    assert "Your own followers" in hint
    [one] = club.shared()[:1]
    said = "can read it too, unless" if wider else "is not passed on"
    assert said in as_stripped(one.note["content"])


def test_an_answer_is_below_the_shared_copy_of_what_it_answers(tx: Tx) -> None:
    club = Club(tx)
    root = club.relayed()
    club.relay(club.answer(club.bo, root))
    first, second = club.shared()
    assert second.note["inReplyTo"] == first.note["id"]


def test_rule_19_a_shared_note_whose_id_got_about_is_replaced_by_one_for_each(tx: Tx) -> None:
    club = Club(tx)
    post_id = club.relayed()
    relaying.reissue(tx, node=club.node, note=club.copy(post_id, club.dee))
    assert club.copy(post_id, club.dee).actor_id == club.dee
    assert club.copy(post_id, club.eve).actor_id == club.eve
    assert "Delete" in [one.kind for one in club.sent() if one.inbox == SHARED_INBOX]


@pytest.mark.both
def test_rule_27_what_all_share_is_deleted_with_the_last_of_them(tx: Tx) -> None:
    club = Club(tx)
    club.relayed()

    def leaves(who: int) -> int:
        club.standing(who, MembershipState.REMOVED)
        return relaying.withdraw(tx, node=club.node, community_id=club.community_id, actor_id=who)

    assert leaves(club.dee) == 0  # Eve still reads it
    assert leaves(club.eve) == 1
    assert [one.is_live for one in relay_notes.shared_at(tx, club.community_id, club.there)] == [
        False
    ]


def test_what_waits_for_all_there_is_dropped_with_the_last_of_them(tx: Tx) -> None:
    club = Club(tx)
    club.relayed()
    for who, left in ((club.dee, 1), (club.eve, 0)):
        known = communities.member(tx, club.community_id, who)
        assert known is not None
        standing.end(tx, known, MembershipState.LEFT)
        assert len(club.shared()) == left
    assert club.alone() == [club.fay]


def test_notes_to_one_server_never_say_the_same_second(tx: Tx) -> None:
    club = Club(tx)
    for wish in (Relay.TIMELINE, Relay.DIRECT, Relay.TIMELINE):
        club.settings(relay=wish)
        club.relayed()
    times: Sequence[int] = [
        note.published_at for note in club.notes() if note.actor_id in {0, club.dee}
    ]
    assert all(later - sooner >= 1_000 for sooner, later in pairwise(times))


# Other ways.


def test_a_note_never_says_more_than_it_did_when_it_was_sent(tx: Tx) -> None:
    club = Club(tx, relay=Relay.NOTIFY)
    post_id = club.relayed(content="<p>secret</p>")
    club.settings(relay=Relay.DIRECT)
    posts.edit(
        tx, post_id, content="<p>secret still</p>", source=None, summary="", sensitive=False,
        language=None, edited_at=tx.now + 5,
    )  # fmt: skip
    club.relay(post_id, "update")
    assert "secret" not in str([one.body for one in club.sent()])
    club.relayed(content="<p>secret</p>")
    assert "secret" in str([one.body for one in club.sent()])
