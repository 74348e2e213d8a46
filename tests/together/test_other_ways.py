"""A members' community that its members on plain servers get in other ways than each alone.

Whole stories against the scripted Mastodon and GoToSocial (protocol §5: `timeline`, `notify`,
pictures; rules of private-groups-observed.md §5).
"""

import orjson
import pytest
from msgspec.structs import replace
from yarl import URL

from domain.community_settings import Wishes
from domain.kinds import Life, MembershipState, Relay
from social import memberships
from social.community_settings import change
from storage.queries import actors, communities
from storage.tx import Tx
from tests.support.pictures import picture, upload
from tests.support.stranger import Document, Page, Person
from tests.together.plain_club import SECRET, WORDS, PlainClub, answer, servers
from tests.together.stories import settled


async def wish(club: PlainClub, **wishes: object) -> None:
    """Ana sets something."""
    await club.hq.db.write(
        change,
        node=club.hq.node,
        community_id=club.id,
        wishes=Wishes(**wishes),  # type: ignore[arg-type]
        by_id=club.ana.id,
    )


def _begin(tx: Tx, *, club: PlainClub) -> None:
    row = communities.by_id(tx, club.id)
    assert row is not None
    communities.update_community(tx, replace(row, life=Life.ACTIVE))


async def asks(club: PlainClub) -> Person:
    """Otto, on the server where Dee is, who waits for an answer."""
    await club.hq.db.write(_begin, club=club)
    other = club.mastodon.person("otto")
    await club.ask(club.mastodon, other)
    row = await club.hq.db.read(_standing, club=club, uri=other.uri)
    assert row is MembershipState.REQUESTED
    return other


def _standing(tx: Tx, *, club: PlainClub, uri: str) -> MembershipState | None:
    person = actors.by_uri(tx, uri)
    row = communities.member(tx, club.id, person.id) if person is not None else None
    return row.state if row is not None else None


def shared_uses(club: PlainClub, text: str) -> list[Document]:
    """What came to the servers' shared inboxes and says that."""
    return [
        one for server, _ in servers(club) for one in server.shared_inbox_uses if text in str(one)
    ]


def taken(club: PlainClub, *kinds: str) -> list[Document]:
    """What GoToSocial was sent of these kinds by the community."""
    seen = club.gotosocial.server.seen
    found: list[Document] = [orjson.loads(one.body) for one in seen if one.method == "POST"]
    return [one for one in found if one["type"] in kinds and one["actor"] == club.uri]


@pytest.mark.both
async def test_timeline_comes_to_the_timeline_of_members_alone(club: PlainClub) -> None:
    await wish(club, relay=Relay.TIMELINE, takes_wider=True)
    await club.say(club.ana, SECRET)
    for server, person in servers(club):
        [status] = [one for one in server.home_of(person) if SECRET in one.content]
        assert status.visibility == "private"
        assert status.mentioned == []
        assert not any(SECRET in one.content for one in server.notices_of(person))
    assert len(shared_uses(club, SECRET)) == 2


@pytest.mark.both
async def test_timeline_somebody_who_asks_gets_nothing_and_others_their_own(
    club: PlainClub,
) -> None:
    await wish(club, relay=Relay.TIMELINE, takes_wider=True)
    other = await asks(club)
    await club.say(club.ana, SECRET)
    assert not club.mastodon.sees(other, SECRET)
    assert club.copy(club.mastodon, club.dee, SECRET).visibility == "direct"
    assert club.copy(club.gotosocial, club.gil, SECRET).visibility == "private"
    [shared] = shared_uses(club, SECRET)
    assert shared["to"] == [f"{club.uri}/followers"]


async def test_timeline_what_waits_does_not_reach_who_asks_meanwhile(club: PlainClub) -> None:
    await wish(club, relay=Relay.TIMELINE)
    club.mastodon.server.pages["/inbox"] = Page(status=503)
    await club.say(club.ana, SECRET)
    other = await asks(club)
    club.mastodon.server.pages["/inbox"] = club.mastodon.take
    await club.in_order(club.mastodon, club.dee, other)
    assert not club.mastodon.sees(other, SECRET)
    assert club.copy(club.mastodon, club.dee, SECRET).visibility == "direct"
    assert not any(one["type"] == "Create" for one in shared_uses(club, SECRET))


async def test_timeline_gotosocial_needs_consent_to_wider_answers(club: PlainClub) -> None:
    await wish(club, relay=Relay.TIMELINE)
    await club.say(club.ana, SECRET)
    assert club.copy(club.gotosocial, club.gil, SECRET).visibility == "direct"
    assert club.copy(club.mastodon, club.dee, SECRET).visibility == "private"


@pytest.mark.both
@pytest.mark.parametrize("wider", [True, False])
async def test_timeline_an_answer_with_its_visibility_is_wider(
    club: PlainClub, wider: bool
) -> None:
    await wish(club, relay=Relay.TIMELINE, takes_wider=wider)
    await club.say(club.ana, SECRET)
    status = club.copy(club.mastodon, club.dee, SECRET)
    written = await club.mastodon.reply(club.dee, status, WORDS)  # the app copies the visibility
    await settled(club.hq)
    assert any(WORDS in str(one) for one in club.mastodon.leaked)  # her followers have it
    row = await club.heard(written)
    assert row is not None
    assert row.is_accepted is wider
    assert club.gotosocial.sees(club.gil, WORDS) is wider
    [hint] = [one for one in await club.notices(club.mastodon, club.dee) if "own followers" in one]
    assert ("It was passed on" in hint) is wider


async def test_timeline_a_private_answer_is_taken_whatever_is_allowed(club: PlainClub) -> None:
    await wish(club, relay=Relay.TIMELINE)
    await club.say(club.ana, SECRET)
    written = await answer(club, club.mastodon, club.dee, SECRET)
    row = await club.heard(written)
    assert row is not None
    assert row.is_accepted


@pytest.mark.both
async def test_rule_27_after_timeline_a_removal_blocks_on_gotosocial_until_readmission(
    club: PlainClub,
) -> None:
    await wish(club, relay=Relay.TIMELINE, takes_wider=True)
    await club.say(club.ana, SECRET)
    assert club.gotosocial.sees(club.gil, SECRET)
    await club.expel(club.gil)
    assert not club.gotosocial.sees(club.gil, SECRET)
    assert [one["type"] for one in taken(club, "Reject", "Block")] == ["Reject", "Block"]
    await club.say(club.ana, "after the end")
    assert not club.gotosocial.sees(club.gil, "after the end")
    await club.join(club.gotosocial, club.gil)  # fails as long as there is a Block
    [undone] = taken(club, "Undo")
    assert undone["object"]["id"] == taken(club, "Block")[0]["id"]
    await club.say(club.ana, "welcome back")
    assert club.gotosocial.sees(club.gil, "welcome back")


async def test_rule_27_if_it_is_said_the_notes_are_deleted_before_the_reject_and_the_block(
    club: PlainClub,
) -> None:
    await wish(club, relay=Relay.TIMELINE, takes_wider=True, takes_back=True)
    await club.say(club.ana, SECRET)
    note = club.copy(club.gotosocial, club.gil, SECRET)
    await club.expel(club.gil)
    found = taken(club, "Delete", "Reject", "Block")
    assert [one["type"] for one in found] == ["Delete", "Reject", "Block"]
    assert found[0]["object"]["id"] == note.id
    assert club.mastodon.sees(club.dee, SECRET)


async def test_rule_27_on_mastodon_a_reject_is_enough(club: PlainClub) -> None:
    await wish(club, relay=Relay.TIMELINE)
    await club.say(club.ana, SECRET)
    await club.expel(club.dee)
    await club.say(club.ana, "after the end")
    assert not club.mastodon.sees(club.dee, "after the end")
    assert not any("Block" in str(one["type"]) for one in await club.sent())


async def test_rule_27_no_block_where_everybody_had_their_own(club: PlainClub) -> None:
    await club.say(club.ana, SECRET)
    await club.expel(club.gil)
    assert taken(club, "Reject")
    assert taken(club, "Block") == []


async def test_rule_27_said_to_the_helper_it_blocks_too_and_a_plain_unfollow_does_not(
    club: PlainClub,
) -> None:
    await wish(club, relay=Relay.TIMELINE, takes_wider=True)
    await club.say(club.ana, SECRET)
    await club.hq.db.write(_leave, club=club)
    await settled(club.hq)
    assert len(taken(club, "Block")) == 1


def _leave(tx: Tx, *, club: PlainClub) -> None:
    person = actors.by_uri(tx, club.gil.uri)
    assert person is not None
    memberships.leave(
        tx, node=club.hq.node, actor_id=person.id, community_id=club.id, by_command=True
    )


# A line and a link.


@pytest.mark.both
async def test_notify_tells_that_there_is_something_and_neither_what_nor_by_whom(
    club: PlainClub,
) -> None:
    await wish(club, relay=Relay.NOTIFY)
    said = await club.say(club.ana, SECRET)
    for server, person in servers(club):
        assert not server.sees(person, SECRET)
        status = club.copy(server, person, "Somebody wrote in Safe lifting")
        assert f"/posts/{said['id']}" in status.content
        assert "ana" not in status.content.lower()
        assert status.visibility == "direct"
    written = await answer(club, club.mastodon, club.dee, "Somebody wrote")
    row = await club.heard(written)
    assert row is not None
    assert row.is_accepted


# Pictures.


async def _pictured(club: PlainClub) -> None:
    made = await upload(club.ana, picture(), description="a red field")
    await club.say(club.ana, SECRET, media_ids=[made["id"]])


@pytest.mark.both
async def test_rule_10_pictures_go_if_allowed_at_an_address_of_each_that_dies_with_the_right(
    club: PlainClub,
) -> None:
    await wish(club, relays_pictures=True)
    await _pictured(club)
    urls = {}
    for server, person in servers(club):
        status = club.copy(server, person, SECRET)
        [file] = status.document["attachment"]
        assert (file["type"], file["name"]) == ("Image", "a red field")
        assert "belongs to this" not in status.content
        urls[person.handle] = file["url"]
    assert urls["dee"] != urls["gil"]
    assert club.gotosocial.open_files  # it keeps a copy that anybody can open
    assert [await _status(club, url) for url in urls.values()] == [200, 200]
    await club.expel(club.dee)
    assert await _status(club, urls["dee"]) == 404
    assert await _status(club, urls["gil"]) == 200


async def test_rule_10_without_leave_a_line_says_where_the_picture_is(club: PlainClub) -> None:
    await _pictured(club)
    for server, person in servers(club):
        status = club.copy(server, person, SECRET)
        assert "attachment" not in status.document
        assert "A file belongs to this: " in status.content
    assert club.gotosocial.open_files == {}


async def test_rule_10_what_all_share_carries_no_file(club: PlainClub) -> None:
    await wish(club, relays_pictures=True, relay=Relay.TIMELINE)
    await _pictured(club)
    shared = club.copy(club.mastodon, club.dee, SECRET)
    assert shared.visibility == "private"
    assert "attachment" not in shared.document
    assert "A file belongs to this: " in shared.content


async def _status(club: PlainClub, url: str) -> int:
    return (await club.hq.ask("GET", URL(url).path)).status
