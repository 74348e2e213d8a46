"""What plain servers were recorded to send, through the real inbox: §3 and §6 of
private-groups-observed.md, and what its rules say of it.
"""

import pytest

from tests.together.plain_club import SECRET, WORDS, PlainClub, answer, servers
from tests.together.stories import settled


async def deliver(club: PlainClub, document: dict[str, object]) -> None:
    answered = await club.mastodon.server.deliver(club.dee, club.mastodon.home, document)
    assert answered.status == 202
    await settled(club.hq)


async def test_rule_16_a_delete_with_a_whole_note_to_everybody(club: PlainClub) -> None:
    await club.say(club.ana, SECRET)
    written = await answer(club, club.mastodon, club.dee, SECRET)
    other = club.mastodon.person("otto", key=1)
    server = club.mastodon.server
    whole = server.activity(other, "Delete", written, to="as:Public")
    await server.deliver(other, club.mastodon.home, whole)
    await settled(club.hq)
    row = await club.heard(written)
    assert row is not None
    assert row.deleted_at is None  # somebody else's say
    await deliver(club, server.activity(club.dee, "Delete", written, to="as:Public"))
    row = await club.heard(written)
    assert row is not None
    assert row.deleted_at is not None
    assert not club.gotosocial.sees(club.gil, WORDS)


@pytest.mark.parametrize(
    ("path", "content"),
    [("#votes/1", None), ("/notes/9", "<br>"), ("/notes/9", "")],
    ids=["fragment", "snac2", "empty"],
)
async def test_rule_20_a_vote_is_taken_and_is_no_post(
    club: PlainClub, path: str, content: str | None
) -> None:
    await club.say(club.ana, SECRET)
    before = len(await club.posts())
    vote = {
        "id": f"{club.dee.uri}{path}",
        "type": "Note",
        "name": "Friday",
        "attributedTo": club.dee.uri,
        "inReplyTo": club.copy(club.mastodon, club.dee, SECRET).id,
        "to": club.uri,
    }
    if content is not None:
        vote["content"] = content
    await deliver(club, club.mastodon.server.activity(club.dee, "Create", vote, to=club.uri))
    assert len(await club.posts()) == before
    assert not club.gotosocial.sees(club.gil, "Friday")


async def test_rule_18_a_note_of_another_member_is_no_key(club: PlainClub) -> None:
    await club.say(club.ana, SECRET)
    stolen = club.copy(club.gotosocial, club.gil, SECRET)
    written = await club.mastodon.reply(club.dee, stolen, WORDS)
    await settled(club.hq)
    assert await club.heard(written) is None
    await deliver(club, club.mastodon.server.activity(club.dee, "Like", stolen.id))
    [post] = [one for one in await club.posts() if SECRET in one.content]
    assert post.likes_count == 0


@pytest.mark.interop(
    "Follow", "in", "repeated by a member: accepted again", peer="scripted GoToSocial"
)
async def test_rule_24_a_follow_repeated_by_a_member_is_accepted_again(club: PlainClub) -> None:
    follow = club.gotosocial.server.activity(club.gil, "Follow", club.uri)
    for _ in range(2):
        club.gotosocial.following[club.gil.uri].clear()
        club.gotosocial.pending[club.gil.uri].add(club.uri)
        await club.gotosocial.server.deliver(club.gil, club.gotosocial.home, follow)
        await settled(club.hq)
        follow = follow | {"id": f"{follow['id']}/again"}
        assert club.uri in club.gotosocial.following[club.gil.uri]


async def test_rule_25_a_relation_there_is_no_membership_here(club: PlainClub) -> None:
    other = club.gotosocial.person("olga")
    club.gotosocial.following[other.uri].add(club.uri)  # so its app says, as snac2 does at once
    await club.ask(club.gotosocial, other)
    await club.say(club.ana, SECRET)
    assert not club.gotosocial.sees(other, SECRET)
    written = await club.gotosocial.send(
        other, f"<p>@club@{club.hq.host} {WORDS}</p>", visibility="direct", group=club.uri
    )
    await settled(club.hq)
    assert await club.heard(written) is None


async def test_rule_26_an_invitation_comes_as_a_private_mention(club: PlainClub) -> None:
    for server, person in servers(club):
        notices = await club.notices(server, person)
        assert any("Safe lifting" in one for one in notices)
