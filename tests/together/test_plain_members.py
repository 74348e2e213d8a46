"""Members on plain servers: whole stories against scripted ones, with spies who must get nothing.

`leaked` is what followers of Dee and Gil, elsewhere, got of their words; `shared_inbox_uses` what
came where everybody's things come. Rules: private-groups-observed.md §5 and §6.
"""

import secrets

import orjson
import pytest

from activitypub.vocabulary import ACCEPT
from federation.discovery import find_actor
from federation.signatures import Scheme, sign
from outbox import relay
from social import memberships
from storage.queries import actors, posts
from tests.support.nodes import Answer, Nodes
from tests.support.nodes import Person as Ours
from tests.support.stranger import PUBLIC, Person
from tests.together.plain_club import SECRET, WORDS, PlainClub, answer, servers
from tests.together.stories import known, settled


@pytest.mark.interop(
    "Create{Note} as a relay note",
    "out",
    "one for each member of a community, to nobody else",
    peer="scripted Mastodon",
)
@pytest.mark.interop(
    "Create{Note} as a relay note",
    "out",
    "one for each member of a community, to nobody else",
    peer="scripted GoToSocial",
)
@pytest.mark.both
async def test_a_post_reaches_each_member_there_and_nobody_else(club: PlainClub) -> None:
    other = club.mastodon.person("otto")
    await club.ask(club.mastodon, other)  # asks, and is not let in
    await club.say(club.ana, SECRET)
    for server, person in servers(club):
        status = club.copy(server, person, SECRET)
        assert status.visibility == "direct"
        assert status.author == club.uri
        assert not any(SECRET in orjson.dumps(one).decode() for one in server.shared_inbox_uses)
    assert not club.mastodon.sees(other, SECRET)  # §6: pending beside a member
    for document in await club.sent():
        assert document["type"] != "Announce" or club.dee.uri not in str(document)
        assert PUBLIC not in str(document) or "club" not in str(document.get("actor"))


@pytest.mark.interop(
    "Create{Note} that answers a relay note",
    "in",
    "stands in the community's thread",
    peer="scripted Mastodon",
)
@pytest.mark.both
async def test_an_answer_comes_into_the_thread_and_goes_on_to_the_others(club: PlainClub) -> None:
    said = await club.say(club.ana, SECRET)
    written = await answer(club, club.mastodon, club.dee, SECRET)
    row = await club.heard(written)
    assert row is not None
    assert row.reply_to_id == int(said["id"])
    shown = await club.ana.sees(WORDS)
    assert shown["reblog"]["content"] == f"<p>{WORDS}</p>"
    assert shown["reblog"]["account"]["acct"] == f"dee@{club.mastodon.server.authority}"
    await club.bo.sees(WORDS, club.timeline)
    [told] = [one for one in await club.ana.notifications() if one["type"] == "mention"]
    assert WORDS in told["status"]["content"]
    copy = club.copy(club.gotosocial, club.gil, WORDS)
    assert copy.document["inReplyTo"] == club.copy(club.gotosocial, club.gil, SECRET).id
    assert not club.mastodon.sees(club.dee, WORDS)  # her own words do not come back
    further = await club.say(club.bo, "which key", in_reply_to_id=str(row.id))
    back = club.copy(club.mastodon, club.dee, "which key")
    assert back.document["inReplyTo"] == written["id"]  # rule 6: her own words
    assert further["in_reply_to_id"] == str(row.id)
    assert club.mastodon.leaked == club.gotosocial.leaked == []


async def test_a_private_mention_starts_a_thread_from_either_server(club: PlainClub) -> None:
    for server, person in servers(club):
        note = await server.send(
            person, f"<p>@club@{club.hq.host} {WORDS}</p>", visibility="direct", group=club.uri
        )
        await settled(club.hq)
        row = await club.heard(note)
        assert row is not None
        assert row.content == f"<p>{WORDS}</p>"
        assert row.root_id == row.id
        assert server.leaked == []
    assert club.mastodon.sees(club.dee, WORDS)  # Gil's
    assert club.gotosocial.sees(club.gil, WORDS)  # Dee's


@pytest.mark.parametrize("visibility", ["private", "unlisted", "public"])
async def test_rule_14_what_spies_saw_is_not_passed_on(club: PlainClub, visibility: str) -> None:
    await club.say(club.ana, SECRET)
    before = len(await club.posts())
    for server, person in servers(club):
        written = await answer(club, server, person, SECRET, visibility)
        assert len(server.leaked) == 1  # the spies have it
        row = await club.heard(written)
        assert row is not None
        assert not row.is_accepted
        [hint] = [one for one in await club.notices(server, person) if "not passed on" in one]
        assert "write again as a private message" in hint
    assert len(await club.posts()) == before + 2
    assert not club.gotosocial.sees(club.gil, WORDS)
    assert not club.mastodon.sees(club.dee, WORDS)
    thread = await club.ana.get(club.timeline)
    assert all(WORDS not in str(one) for one in thread)


async def test_rule_14_a_community_that_allows_it_takes_followers_answers(
    club: PlainClub,
) -> None:
    await club.take_wider()
    await club.say(club.ana, SECRET)
    await answer(club, club.mastodon, club.dee, SECRET, "private")
    await club.bo.sees(WORDS, club.timeline)
    [hint] = [one for one in await club.notices(club.mastodon, club.dee) if "passed on" in one]
    assert "Your own followers" in hint


@pytest.mark.interop(
    "Update{Note} of a relay note", "out", "the new words", peer="scripted Mastodon"
)
@pytest.mark.interop(
    "Update{Note} of a relay note", "out", "the new words", peer="scripted GoToSocial"
)
@pytest.mark.interop("Delete of a relay note", "out", "gone there", peer="scripted Mastodon")
@pytest.mark.interop("Delete of a relay note", "out", "gone there", peer="scripted GoToSocial")
@pytest.mark.both
async def test_edits_and_deletions_go_both_ways(club: PlainClub) -> None:
    said = await club.say(club.ana, SECRET)
    written = await answer(club, club.mastodon, club.dee, SECRET)
    await club.ana.put(f"/api/v1/statuses/{said['id']}", status="@club it was mended")
    await settled(club.hq)
    for server, person in servers(club):
        assert server.sees(person, "it was mended")
        assert not server.sees(person, SECRET)
    await club.mastodon.edit(club.dee, written, "<p>@club I found the key</p>", club.uri)
    await settled(club.hq)
    assert club.gotosocial.sees(club.gil, "I found the key")
    assert not club.gotosocial.sees(club.gil, WORDS)
    await club.mastodon.delete(club.dee, written)
    await settled(club.hq)
    assert not club.gotosocial.sees(club.gil, "I found the key")
    await club.ana.delete(f"/api/v1/statuses/{said['id']}")
    await settled(club.hq)
    for server, person in servers(club):
        assert not server.sees(person, "it was mended")


async def test_rule_15_an_edit_that_makes_it_public_changes_nothing(club: PlainClub) -> None:
    await club.say(club.ana, SECRET)
    written = await answer(club, club.mastodon, club.dee, SECRET)
    wider = dict(written) | {"to": "as:Public", "cc": club.uri}
    await club.mastodon.edit(club.dee, wider, "<p>now for all</p>", club.uri)
    await settled(club.hq)
    row = await club.heard(written)
    assert row is not None
    assert row.content == f"<p>{WORDS}</p>"
    assert not club.gotosocial.sees(club.gil, "now for all")
    assert any("old words" in one for one in await club.notices(club.mastodon, club.dee))


@pytest.mark.interop(
    "Like of a relay note", "in", "counts for the post behind it", peer="scripted Mastodon"
)
@pytest.mark.interop(
    "Like of a relay note", "in", "counts for the post behind it", peer="scripted GoToSocial"
)
@pytest.mark.both
async def test_rule_21_likes_are_counted_here_and_taken_back(club: PlainClub) -> None:
    said = await club.say(club.ana, SECRET)
    for server, person in servers(club):
        status = club.copy(server, person, SECRET)
        like = await server.like(person, status)
        await settled(club.hq)
        shown = await club.ana.get(f"/api/v1/statuses/{said['id']}")
        assert shown["favourites_count"] == 1
        await server.unlike(person, like)
        await settled(club.hq)
        shown = await club.ana.get(f"/api/v1/statuses/{said['id']}")
        assert shown["favourites_count"] == 0


@pytest.mark.interop(
    "Announce of a relay note",
    "in",
    "no share: the note is withdrawn, another takes its place",
    peer="scripted Mastodon",
)
async def test_rule_19_a_boosted_note_is_taken_back_and_the_steward_told(club: PlainClub) -> None:
    said = await club.say(club.ana, SECRET)
    old = club.copy(club.mastodon, club.dee, SECRET)
    boost = club.mastodon.server.activity(club.dee, "Announce", old.id, to=["as:Public"])
    await club.mastodon.server.deliver(club.dee, club.mastodon.home, boost)
    await settled(club.hq)
    assert old.id not in club.mastodon.statuses
    assert club.copy(club.mastodon, club.dee, SECRET).id != old.id
    shown = await club.ana.get(f"/api/v1/statuses/{said['id']}")
    assert shown["reblogs_count"] == 0
    notices = [one["status"]["content"] for one in await club.ana.notifications() if one["status"]]
    assert any("shared a private note" in one for one in notices)


async def fetch(club: PlainClub, person: Person | None, url: str) -> Answer:
    """GET as a server does, signed or not."""
    headers = {"Accept": ACCEPT}
    if person is not None:
        headers |= sign(
            method="GET",
            url=url,
            headers={},
            body=b"",
            key=person.key,
            key_id=person.key_id,
            scheme=Scheme.CAVAGE,
            now=person.server.now(),
            nonce=secrets.token_hex(12),
        )
    return await club.hq.ask("GET", url, headers=headers)


async def status_of(club: PlainClub, person: Person | None, url: str) -> int:
    return (await fetch(club, person, url)).status


async def test_rule_09_a_note_is_shown_to_its_recipients_server_alone(club: PlainClub) -> None:
    await club.say(club.ana, SECRET)
    uri = club.copy(club.mastodon, club.dee, SECRET).id
    instance = club.mastodon.person("instance", kind="Application")
    assert await status_of(club, club.dee, uri) == 200
    assert await status_of(club, instance, uri) == 200
    assert await status_of(club, club.gil, uri) == 404
    assert await status_of(club, None, uri) == 404
    other = uri[:-1] + ("-" if uri.endswith("_") else "_")
    assert await status_of(club, club.dee, other) == 404
    await club.expel(club.dee)
    assert await status_of(club, club.dee, uri) == 404
    assert await status_of(club, instance, uri) == 404


@pytest.mark.parametrize("name", ["followers", "following", "outbox", "outbox?page=true"])
async def test_rule_08_the_communitys_collections_are_empty_or_not_there(
    club: PlainClub, name: str
) -> None:
    await club.say(club.ana, SECRET)
    for who in (club.dee, club.gil, None):
        answer = await fetch(club, who, f"{club.uri}/{name}")
        assert answer.status == 404 or not answer.json["orderedItems"]
        assert SECRET not in answer.text


@pytest.mark.both
async def test_rule_17_and_27_after_the_end_nothing_goes_and_nothing_comes(
    club: PlainClub,
) -> None:
    await club.say(club.ana, SECRET)
    status = club.copy(club.gotosocial, club.gil, SECRET)
    await club.expel(club.gil)
    assert club.uri in club.gotosocial.following[club.gil.uri]  # it ignores the Reject
    await club.say(club.ana, "a second secret")
    assert not club.gotosocial.sees(club.gil, "a second secret")
    assert club.mastodon.sees(club.dee, "a second secret")
    before = len(await club.notices(club.gotosocial, club.gil))
    written = await club.gotosocial.reply(club.gil, status, WORDS, visibility="direct")
    await settled(club.hq)
    assert await club.heard(written) is None
    assert len(await club.notices(club.gotosocial, club.gil)) == before
    assert not club.mastodon.sees(club.dee, WORDS)


@pytest.mark.both
async def test_rule_27_what_waits_for_who_was_removed_is_never_sent(club: PlainClub) -> None:
    await club.out_of_order(club.mastodon, club.dee)
    await club.out_of_order(club.gotosocial, club.gil)
    await club.say(club.ana, SECRET)
    await club.expel(club.gil)
    await club.in_order(club.gotosocial, club.gil)
    await club.in_order(club.mastodon, club.dee)
    assert club.mastodon.sees(club.dee, SECRET)
    assert not club.gotosocial.sees(club.gil, SECRET)


async def test_rule_27_a_removed_members_notes_are_deleted_if_that_is_asked(
    club: PlainClub,
) -> None:
    await club.say(club.ana, SECRET)
    actor = await club.hq.db.read(actors.by_uri, club.gil.uri)
    assert actor is not None
    await club.expel(club.gil)
    await club.hq.db.write(
        relay.withdraw, node=club.hq.node, community_id=club.id, actor_id=actor.id
    )
    await settled(club.hq)
    assert not club.gotosocial.sees(club.gil, SECRET)
    assert club.mastodon.sees(club.dee, SECRET)


async def test_rule_23_a_private_answer_is_never_fetched(club: PlainClub) -> None:
    await club.say(club.ana, SECRET)
    written = await answer(club, club.gotosocial, club.gil, SECRET)
    path = str(written["id"]).removeprefix(club.gotosocial.server.origin)
    assert club.gotosocial.server.fetches(path) == 0
    assert await club.heard(written) is not None


async def test_rule_10_no_server_gets_a_file_to_copy(club: PlainClub) -> None:
    await club.say(club.ana, SECRET)
    assert club.gotosocial.open_files == {}


async def with_a_node(nodes: Nodes, club: PlainClub) -> Ours:
    """Cy, a member on a node of ours."""
    lab = await nodes.start("lab")
    cy = await known(lab, "cy")
    actor = await find_actor(club.hq.parts.fetcher, cy.uri)
    await club.hq.db.write(
        memberships.invite,
        node=club.hq.node,
        community_id=club.id,
        actor_id=actor.id,
        by_id=club.ana.id,
    )
    await settled(club.hq, lab)
    await cy.follow(f"@club@{club.hq.host}")
    await settled(club.hq, lab)
    return cy


@pytest.mark.both
async def test_words_from_a_plain_server_reach_our_nodes_under_their_authors_name(
    nodes: Nodes, club: PlainClub
) -> None:
    cy = await with_a_node(nodes, club)
    lab = cy.node
    said = await club.say(club.ana, SECRET)
    await settled(club.hq, lab)
    written = await answer(club, club.mastodon, club.dee, SECRET)
    await settled(club.hq, lab)
    here = await club.heard(written)
    assert here is not None
    there = await lab.db.read(posts.by_uri, here.uri)
    assert there is not None
    root = await lab.db.read(posts.by_uri, said["uri"])
    assert root is not None
    assert there.reply_to_id == root.id
    shown = await cy.get(f"/api/v1/statuses/{there.id}")
    assert shown["content"] == f"<p>{WORDS}</p>"
    assert shown["account"]["display_name"] == "Dee"
    assert shown["account"]["acct"] == f"dee@{club.mastodon.server.authority}"
    await club.mastodon.edit(club.dee, written, "<p>I lost the key</p>", club.uri)
    await settled(club.hq, lab)
    assert "I lost the key" in (await cy.get(f"/api/v1/statuses/{there.id}"))["content"]
    back = await cy.say("look again", in_reply_to_id=str(there.id), visibility="private")
    await settled(lab, club.hq)
    copy = club.copy(club.mastodon, club.dee, "look again")
    assert copy.document["inReplyTo"] == written["id"]
    assert "<p>cy (" in copy.content
    assert cy.uri not in orjson.dumps(copy.document).decode()
    assert back["uri"] not in orjson.dumps(copy.document).decode()
    like = await club.mastodon.like(club.dee, copy)
    await settled(club.hq, lab)
    assert (await cy.get(f"/api/v1/statuses/{back['id']}"))["favourites_count"] == 1
    await club.mastodon.unlike(club.dee, like)
    await settled(club.hq, lab)
    assert (await cy.get(f"/api/v1/statuses/{back['id']}"))["favourites_count"] == 0
    await club.mastodon.delete(club.dee, written)
    await settled(club.hq, lab)
    assert (await cy.ask("GET", f"/api/v1/statuses/{there.id}")).status == 404
    for server, _ in servers(club):  # the node and the plain servers never meet (protocol §3)
        assert all(lab.origin not in str(seen.headers) for seen in server.server.seen)
