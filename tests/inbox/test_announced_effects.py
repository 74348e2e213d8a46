"""What becomes of what a community elsewhere took in, and what it never touches (protocol §5)."""

from typing import Any

import pytest

from domain.audience import Kind, Viewer
from domain.kinds import NotificationKind
from federation.discovery import find_actor
from federation.fetcher import CannotFetch
from social.mentions import unknown_handles
from storage.queries import actors, likes, origins, posts
from storage.views.actors import ActorView
from storage.views.paging import Page
from storage.views.posts import PostRow
from tests.inbox.gathering import Place, Writer, place, plain, writer
from tests.inbox.giving import dropped, in_vain
from tests.inbox.home import Home
from tests.support.stranger import Document, Stranger, ed25519


@pytest.fixture
async def lifting(here: Home, b: Stranger, alice: ActorView) -> Place:
    return await place(here, b, alice)


@pytest.fixture
def cy() -> Writer:
    return writer()


@pytest.fixture
def dee() -> Writer:
    return plain()


async def stored(here: Home, uri: str) -> PostRow:
    row = await here.stored(uri)
    assert row is not None
    return row


async def refused(where: Place, inner: Any, *told: Document, **more: Any) -> str | None:
    await in_vain(where.here, where.person, where.announce(inner, *told, **more))
    return await dropped(where.here)


async def told(here: Home, actor: ActorView) -> list[NotificationKind]:
    """Of what kinds somebody was told."""
    kinds = [row for row in await here.rows("notifications") if actor.id in row]
    return sorted(NotificationKind(row[2]) for row in kinds)


# Words on behalf of members on plain servers.


def on_behalf(where: Place, of: str, **more: Any) -> Document:
    note = where.note(where.voice, "from afar") | {"tertulia:onBehalfOf": of} | more
    return where.voice.proven(where.activity(where.voice, "Create", note))


async def test_words_of_a_plain_member_stand_under_their_own_name(
    lifting: Place, dee: Writer
) -> None:
    create = on_behalf(lifting, dee.uri)
    await lifting.says(create, lifting.card(dee))
    row = await stored(lifting.here, create["object"]["id"])
    author = await lifting.here.db.read(actors.by_uri, dee.uri)
    assert author is not None
    assert (row.author_id, row.origin_id) == (author.id, lifting.actor.origin_id)
    assert author.is_hearsay


async def test_nobody_but_the_community_speaks_on_behalf(
    lifting: Place, cy: Writer, dee: Writer
) -> None:
    note = lifting.note(cy) | {"tertulia:onBehalfOf": dee.uri}
    create = cy.proven(lifting.activity(cy, "Create", note))
    assert "on behalf" in str(await refused(lifting, create, lifting.card(cy), lifting.card(dee)))


async def test_the_community_needs_its_own_key_to_speak(lifting: Place, dee: Writer) -> None:
    create = on_behalf(lifting, dee.uri)
    bare = {name: value for name, value in create.items() if name != "proof"}
    forged = lifting.voice.proven(bare, key=ed25519(3))
    assert "proof" in str(await refused(lifting, forged, lifting.card(dee)))


async def test_no_words_are_made_for_our_own_people(lifting: Place, alice: ActorView) -> None:
    create = on_behalf(lifting, alice.uri)
    assert "sign themselves" in str(await refused(lifting, create))


async def test_no_words_are_made_for_members_who_sign(lifting: Place, cy: Writer) -> None:
    assert "sign themselves" in str(
        await refused(lifting, on_behalf(lifting, cy.uri), lifting.card(cy))
    )
    await lifting.says(lifting.create(cy), lifting.card(cy))
    assert "sign themselves" in str(await refused(lifting, on_behalf(lifting, cy.uri)))
    mask = lifting.card(plain("cy")) | {"tertulia:of": cy.uri}
    assert "sign themselves" in str(await refused(lifting, on_behalf(lifting, cy.uri), mask))


async def test_no_words_are_made_for_people_of_a_node_of_our_kind(
    here: Home, e: Stranger, lifting: Place
) -> None:
    fay = e.person("fay")
    actor = await find_actor(here.fetcher, fay.uri)
    mask = lifting.card(Writer(fay.uri, "fay", e.authority, None, ""))
    before = on_behalf(lifting, fay.uri)
    await lifting.says(before, mask)
    await stored(here, before["object"]["id"])
    await here.db.write(origins.remember_software, actor.origin_id, "tertulia")
    assert "sign themselves" in str(await refused(lifting, on_behalf(lifting, fay.uri), mask))


async def test_words_of_nobody_in_particular(lifting: Place, dee: Writer) -> None:
    assert "whose words" in str(await refused(lifting, on_behalf(lifting, dee.uri)))
    bare = lifting.note(lifting.voice)
    create = lifting.voice.proven(lifting.activity(lifting.voice, "Create", bare))
    assert await refused(lifting, create) == "a community has no words of its own"


# What a community never touches.


@pytest.mark.both
async def test_only_its_author_edits_and_deletes(lifting: Place, cy: Writer) -> None:
    eve = writer("eve", number=2)
    cards = (lifting.card(cy), lifting.card(eve))
    create = lifting.create(cy)
    await lifting.says(create, *cards)
    note = create["object"] | {"attributedTo": eve.uri}
    for inner in (lifting.update(eve, note, "changed", 5), lifting.delete(eve, note)):
        assert "somebody else's" in str(await refused(lifting, inner, *cards))
    await lifting.says(lifting.update(cy, create["object"], "changed", 5))
    assert (await stored(lifting.here, note["id"])).content == "<p>changed</p>"
    await lifting.says(lifting.delete(cy, create["object"]))
    assert (await stored(lifting.here, note["id"])).deleted_at is not None


async def test_posts_of_other_places_are_out_of_reach(
    here: Home, e: Stranger, lifting: Place, cy: Writer, alice: ActorView
) -> None:
    """A card speaks for its member inside one community: not for what they said elsewhere."""
    cooking = await place(here, e, alice, "cooking")
    create = cooking.create(cy, "in the kitchen")
    await cooking.says(create, cooking.card(cy))
    note = create["object"] | lifting.inside
    eve = writer("eve", number=2)
    cards = (lifting.card(cy), lifting.card(eve))
    assert await refused(lifting, lifting.update(cy, note, "x", 5), *cards) is not None
    assert await refused(lifting, lifting.delete(cy, note), *cards) is not None
    await lifting.says(lifting.like(eve, note["id"]), *cards)
    row = await stored(here, note["id"])
    assert (row.content, row.deleted_at, row.likes_count) == ("<p>in the kitchen</p>", None, 0)
    assert row.place_id == cooking.actor.id


async def test_a_deletion_in_a_community_buries_nothing_outside(lifting: Place, cy: Writer) -> None:
    note = lifting.note(cy)
    await lifting.says(lifting.delete(cy, note), lifting.card(cy))
    assert await lifting.here.db.read(posts.buried_by, note["id"]) is None
    assert await lifting.here.rows("tombstones") == []


async def test_an_answer_to_what_is_said_elsewhere_is_no_part_of_its_thread(
    here: Home, lifting: Place, cy: Writer, alice: ActorView
) -> None:
    outside = await here.post(alice, "to everybody")
    create = lifting.create(cy, "an answer", inReplyTo=outside.uri)
    await lifting.says(create, lifting.card(cy))
    row = await stored(here, create["object"]["id"])
    assert (row.root_id, row.reply_to_id, row.kind) == (row.id, None, Kind.COMMUNITY)
    assert (await stored(here, outside.uri)).replies_count == 0


@pytest.mark.both
async def test_likes_are_settled_once_for_each_member(
    lifting: Place, cy: Writer, dee: Writer
) -> None:
    cards = (lifting.card(cy), lifting.card(dee))
    create = lifting.create(cy)
    like = lifting.voice.proven(
        lifting.activity(
            lifting.voice, "Like", create["object"]["id"], **{"tertulia:onBehalfOf": dee.uri}
        )
    )
    await lifting.says(like, *cards)
    await lifting.says(create, *cards)
    await lifting.says(like, *cards)
    row = await stored(lifting.here, create["object"]["id"])
    assert row.likes_count == 1
    viewer = Viewer.local(1, full=True)
    [(_, liker)] = await lifting.here.db.read(likes.likers, row.id, viewer, Page())
    assert liker.uri == dee.uri


# Somebody of whom only a card tells.


async def test_hearsay_is_found_nowhere_and_gives_way_to_what_its_server_says(
    here: Home, b: Stranger, lifting: Place, cy: Writer
) -> None:
    fay = b.person("fay")
    mask = Writer(fay.uri, "impostor", "impostor.example", ed25519(4), f"{fay.uri}#k")
    inner = lifting.activity(mask, "Create", lifting.note(mask, id=b.url("/o/1")), id=b.url("/c"))
    await lifting.says(mask.proven(inner), lifting.card(mask))
    assert await dropped(here) is None
    assert await here.db.read(actors.by_acct, "impostor", "impostor.example") is None
    before = await here.db.read(actors.by_uri, fay.uri)
    assert before is not None
    assert before.is_hearsay
    found = await find_actor(here.fetcher, fay.uri)
    assert (found.id, found.handle, found.domain) == (before.id, "fay", b.authority)
    assert not found.is_hearsay


async def test_hearsay_is_not_enough_where_its_server_cannot_be_asked(
    lifting: Place, cy: Writer
) -> None:
    await lifting.says(lifting.create(cy), lifting.card(cy))
    with pytest.raises(CannotFetch):
        await find_actor(lifting.here.fetcher, cy.uri)


async def test_a_members_key_signs_nothing_outside(lifting: Place, cy: Writer) -> None:
    await lifting.says(lifting.create(cy), lifting.card(cy))
    assert cy.key_id not in str(await lifting.here.rows("keys"))


async def test_words_proven_with_a_former_key_of_the_communitys_own(
    lifting: Place, dee: Writer
) -> None:
    """It says itself which key that was; nobody else's card speaks for it."""
    former = Writer(lifting.uri, "lifting", lifting.server.authority, ed25519(6), "")
    former.key_id = f"{lifting.uri}#ed25519-key-0"
    note = lifting.note(former, "long ago") | {"tertulia:onBehalfOf": dee.uri}
    create = former.proven(lifting.activity(former, "Create", note))
    assert await refused(lifting, create, lifting.card(dee)) is not None
    other = lifting.card(former) | {"tertulia:of": lifting.server.url("/users/other")}
    assert await refused(lifting, create, lifting.card(dee), other) is not None
    await lifting.says(create, lifting.card(dee), lifting.card(former))
    await stored(lifting.here, note["id"])
    assert (await lifting.here.db.read(actors.by_uri, lifting.uri)) == lifting.actor


async def test_an_announce_with_the_id_of_something_else(
    lifting: Place, cy: Writer, dee: Writer
) -> None:
    create = on_behalf(lifting, dee.uri)
    await lifting.says(create, lifting.card(dee))
    mine = lifting.create(cy)
    taken = create["object"]["id"]
    assert "id belongs" in str(await refused(lifting, mine, lifting.card(cy), id=taken))
    await lifting.says(mine, lifting.card(cy))
    await stored(lifting.here, mine["object"]["id"])


async def test_what_is_said_in_a_community_changes_through_the_community_alone(
    here: Home, b: Stranger, lifting: Place
) -> None:
    fay = b.person("fay")
    mask = Writer(fay.uri, "fay", b.authority, ed25519(4), f"{fay.uri}#ed25519-key")
    note = lifting.note(mask, "as taken in", id=b.url("/o/1"))
    inner = lifting.activity(mask, "Create", note, id=b.url("/act/c"))
    await lifting.says(mask.proven(inner), lifting.card(mask))
    await find_actor(here.fetcher, fay.uri)
    now = note | {"content": "<p>past the community</p>", "updated": "2026-11-02T00:00:00Z"}
    await in_vain(here, fay, b.activity(fay, "Update", now))
    await lifting.says(lifting.update(mask, note, "through the community", 9) | {})
    assert (await stored(here, note["id"])).content == "<p>through the community</p>"


async def test_whoever_a_community_tells_of_is_not_looked_up_for_its_members(
    here: Home, lifting: Place, alice: ActorView, cy: Writer
) -> None:
    """Apps name everybody in an answer; the node of the one named is not to hear of it."""
    outsider = await here.someone("outsider")
    await lifting.says(lifting.create(cy), lifting.card(cy))

    async def unknown(reader: ActorView) -> int:
        viewer = Viewer.local(reader.id, full=True)
        text = f"@cy@{cy.host} thank you"
        found = await here.db.read(unknown_handles, node=here.node, text=text, viewer=viewer)
        return len(found)

    assert (await unknown(alice), await unknown(outsider)) == (0, 1)
