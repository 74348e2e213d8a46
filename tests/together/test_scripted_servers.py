"""The scripted servers keep the rules that they cite, and show what a naive community would leak.

One test per rule. The naive ones send what a community must not send, and the spies (followers of
members, elsewhere) get it: so that silence in the other stories means something.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.gotosocial import GoToSocial
from tests.support.mastodon import Mastodon, ScriptedServer, Status
from tests.support.stranger import PUBLIC, Document, Person, Stranger, stranger

G = "http://hq.localhost:1/a/7"
SECRET = "the lock of hall 3 is broken"


@pytest.fixture
async def group() -> AsyncIterator[Stranger]:
    """Where the naive community lives; it takes whatever comes."""
    async with stranger("hq") as server:
        yield server


@pytest.fixture
async def mastodon(group: Stranger) -> AsyncIterator[Mastodon]:
    async with stranger("masto") as server:
        yield Mastodon(server, group.url("/inbox"))


@pytest.fixture
async def gotosocial(group: Stranger) -> AsyncIterator[GoToSocial]:
    async with stranger("gts") as server:
        yield GoToSocial(server, group.url("/inbox"))


@pytest.fixture(params=["mastodon", "gotosocial"])
def server(request: pytest.FixtureRequest, mastodon: Mastodon, gotosocial: GoToSocial) -> Any:
    return mastodon if request.param == "mastodon" else gotosocial


def joined(server: ScriptedServer, handle: str, *, accepted: bool = True) -> Person:
    person = server.person(handle)
    server.pending[person.uri].add(G)
    if accepted:
        server.receive(answer("Accept", person))
    return person


def answer(kind: str, person: Person) -> Document:
    follow = {"type": "Follow", "actor": person.uri, "object": G}
    return {"id": f"{G}#{kind}", "type": kind, "actor": G, "object": follow}


def note(number: int = 1, **parts: Any) -> Document:
    return {
        "id": f"{G}/notes/{number}",
        "type": "Note",
        "attributedTo": G,
        "content": f"<p>{SECRET}</p>",
        "to": [],
        "cc": [],
    } | parts


def sent(document: Document, kind: str = "Create") -> Document:
    return {"id": f"{document['id']}#{kind}", "type": kind, "actor": G, "object": document}


def mention(person: Person) -> list[Document]:
    return [{"type": "Mention", "href": person.uri, "name": f"@{person.handle}"}]


def relay_note(person: Person) -> Document:
    return note(to=[person.uri], tag=mention(person))


def got(group: Stranger, kind: str = "Create") -> int:
    return sum(f'"type":"{kind}"'.encode() in seen.body for seen in group.seen)


def shown(server: ScriptedServer) -> Status:
    return next(iter(server.statuses.values()))


# What is shown to whom.


async def test_a_direct_note_is_its_mentions_alone(server: ScriptedServer) -> None:
    dee, eve = joined(server, "dee"), joined(server, "eve")
    server.receive(sent(relay_note(dee)))
    assert server.sees(dee, SECRET)
    assert not server.sees(eve, SECRET)


async def test_a_direct_note_without_a_mention_is_never_visible(server: ScriptedServer) -> None:
    dee = joined(server, "dee")
    server.receive(sent(note(to=[dee.uri])))
    assert not server.sees(dee, SECRET)


async def test_naive_a_followers_note_is_every_local_followers_by_whatever_inbox(
    server: ScriptedServer,
) -> None:
    dee, eve = joined(server, "dee"), joined(server, "eve")
    pending = joined(server, "pia", accepted=False)
    server.receive(sent(note(to=[f"{G}/followers"])))
    assert server.sees(dee, SECRET)
    assert server.sees(eve, SECRET)
    assert not server.sees(pending, SECRET)


async def test_naive_a_removed_member_goes_on_seeing_followers_notes_on_gotosocial(
    gotosocial: GoToSocial, mastodon: Mastodon
) -> None:
    for server, still in ((gotosocial, True), (mastodon, False)):
        dee = joined(server, "dee")
        server.receive(answer("Reject", dee))  # ignored by one of them
        server.receive(sent(note(to=[f"{G}/followers"])))
        assert server.sees(dee, SECRET) is still
        server.receive({"type": "Block", "actor": G, "object": dee.uri})
        assert not (server is gotosocial and server.sees(dee, SECRET))


async def test_on_gotosocial_who_is_blocked_asks_again_only_after_its_undo(
    gotosocial: GoToSocial,
) -> None:
    dee = joined(gotosocial, "dee")
    block = {"id": f"{G}#blocks/1", "type": "Block", "actor": G, "object": dee.uri}
    gotosocial.receive(block)
    with pytest.raises(AssertionError):
        await gotosocial.follow(dee, G)
    gotosocial.receive({"type": "Undo", "actor": G, "object": block})
    assert gotosocial.blocked[dee.uri] == set()


async def test_a_reject_while_it_is_asked_ends_the_asking(server: ScriptedServer) -> None:
    dee = joined(server, "dee", accepted=False)
    server.receive(answer("Reject", dee))
    assert server.pending[dee.uri] == set()
    server.receive(sent(note(to=[f"{G}/followers"])))
    assert not server.sees(dee, SECRET)


async def test_updates_and_deletes_are_obeyed_by_id(server: ScriptedServer) -> None:
    dee = joined(server, "dee")
    server.receive(sent(relay_note(dee)))
    server.receive(sent(relay_note(dee) | {"content": "<p>mended</p>"}, "Update"))
    assert server.sees(dee, "mended")
    assert not server.sees(dee, SECRET)
    server.receive(sent({"id": f"{G}/notes/1", "type": "Tombstone"}, "Delete"))
    assert not server.sees(dee, "mended")
    server.receive(sent(relay_note(dee), "Update"))  # of what is not there
    assert not server.sees(dee, SECRET)


async def test_naive_an_announce_of_public_words_is_shown_and_of_private_words_dropped(
    server: ScriptedServer,
) -> None:
    dee = joined(server, "dee")
    private = note(2, attributedTo="http://n3.localhost/a/1", to=["http://n3.localhost/f"])
    server.receive(sent(private))
    server.receive(sent(note(3, attributedTo="http://n3.localhost/a/1", to=["as:Public"])))
    boost = {"id": f"{G}/b/1", "type": "Announce", "actor": G, "to": [f"{G}/followers"]}
    server.receive(boost | {"object": private["id"]})
    assert not server.sees(dee, SECRET)
    server.receive(boost | {"object": sent(private)})  # the whole activity: nothing
    assert not server.sees(dee, SECRET)
    server.receive(boost | {"object": f"{G}/notes/3"})  # a naive community: public words
    assert server.sees(dee, SECRET)
    assert server.may_boost(dee, server.statuses[f"{G}/notes/3"])


async def test_private_notes_of_others_are_not_boosted(server: ScriptedServer) -> None:
    dee = joined(server, "dee")
    server.receive(sent(relay_note(dee)))
    server.receive(sent(note(2, to=[f"{G}/followers"])))
    assert not any(server.may_boost(dee, one) for one in server.statuses.values())


async def test_naive_a_file_is_copied_to_an_open_address_by_gotosocial(
    gotosocial: GoToSocial, mastodon: Mastodon
) -> None:
    for server, copies in ((gotosocial, 1), (mastodon, 0)):
        dee = joined(server, "dee")
        file = {"type": "Image", "url": f"{G}/files/9"}
        server.receive(sent(relay_note(dee) | {"attachment": [file]}))
        assert len(server.open_files) == copies


# Answers.


async def test_naive_an_answer_to_a_followers_note_reaches_the_members_followers(
    server: ScriptedServer, group: Stranger
) -> None:
    """The followers-addressed note is what a naive fan-out sends; apps copy its visibility."""
    dee = joined(server, "dee")
    server.receive(sent(note(to=[f"{G}/followers"])))
    status = shown(server)
    assert status.visibility == "private"
    await reply(server, dee, status, "I have the key", status.visibility)
    assert [one["object"]["content"] for one in server.leaked] != []
    assert "I have the key" in server.leaked[0]["object"]["content"]
    assert got(group) == 1


async def test_an_answer_to_a_relay_note_reaches_the_community_alone(
    server: ScriptedServer, group: Stranger
) -> None:
    dee = joined(server, "dee")
    server.receive(sent(relay_note(dee)))
    status = shown(server)
    await reply(server, dee, status, "I have the key", status.visibility)
    assert server.leaked == []
    assert got(group) == 1


async def reply(
    server: ScriptedServer, person: Person, parent: Status, words: str, visibility: str
) -> Document:
    assert isinstance(server, Mastodon | GoToSocial)
    return await server.reply(person, parent, words, visibility=visibility)


async def test_mastodon_copies_the_parents_visibility_and_begins_with_its_author(
    mastodon: Mastodon,
) -> None:
    dee = joined(mastodon, "dee")
    mastodon.receive(sent(relay_note(dee)))
    written = await mastodon.reply(dee, shown(mastodon), "yes")
    assert written["to"] == [G, f"{G}/followers"]
    assert written["cc"] == []
    assert written["content"].startswith('<p><span class="h-card"')
    assert written["inReplyTo"] == f"{G}/notes/1"


async def test_gotosocial_delivers_an_answer_only_if_the_text_names_the_group(
    gotosocial: GoToSocial, group: Stranger
) -> None:
    dee = joined(gotosocial, "dee")
    gotosocial.receive(sent(relay_note(dee)))
    status = shown(gotosocial)
    await gotosocial.reply(dee, status, "yes", visibility="direct", keeps_mention=False)
    assert got(group) == 0
    await gotosocial.reply(dee, status, "yes", visibility="private", keeps_mention=False)
    assert got(group) == 0
    assert len(gotosocial.leaked) == 1  # its followers got it, the group did not
    written = await gotosocial.reply(dee, status, "yes", visibility="direct")
    assert written["to"] == G
    assert got(group) == 1


async def test_gotosocial_gives_the_accounts_default_where_none_is_given(
    gotosocial: GoToSocial,
) -> None:
    dee = joined(gotosocial, "dee")
    gotosocial.receive(sent(relay_note(dee)))
    written = await gotosocial.reply(dee, shown(gotosocial), "yes")
    assert written["to"] == dee.document["followers"]
    assert PUBLIC in written["cc"]
    assert len(gotosocial.leaked) == 1


async def test_a_private_answer_goes_to_the_members_followers_too(
    server: ScriptedServer, group: Stranger
) -> None:
    dee = joined(server, "dee")
    server.receive(sent(relay_note(dee)))
    written = await reply(server, dee, shown(server), "yes", "private")
    assert dee.document["followers"] in written["to"]
    assert len(server.leaked) == got(group) == 1


async def test_an_edit_keeps_what_it_was(server: ScriptedServer, group: Stranger) -> None:
    dee = joined(server, "dee")
    server.receive(sent(relay_note(dee)))
    written = await reply(server, dee, shown(server), "yes", "direct")
    await server.edit(dee, written, "<p>no</p>", G)
    assert got(group, "Update") == 1
    assert server.leaked == []


async def test_everything_goes_to_the_shared_inbox(server: ScriptedServer, group: Stranger) -> None:
    dee = joined(server, "dee")
    server.receive(sent(relay_note(dee)))
    await server.like(dee, shown(server))
    assert {seen.path for seen in group.seen} == {"/inbox"}
