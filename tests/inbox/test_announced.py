"""What a community elsewhere announces: who may say it, and what is believed (protocol §5)."""

from typing import Any

import pytest

from domain.audience import Kind
from domain.kinds import MembershipState
from federation.discovery import find_actor
from storage.queries import actors, cards, posts
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.inbox.gathering import Place, Writer, place, set_state, writer
from tests.inbox.giving import dropped, give, in_vain
from tests.inbox.home import Home
from tests.support.stranger import PUBLIC, Document, Person, Stranger, ed25519


@pytest.fixture
async def lifting(here: Home, b: Stranger, alice: ActorView) -> Place:
    """A community on B; alice belongs to it."""
    return await place(here, b, alice)


@pytest.fixture
def cy() -> Writer:
    """A member on a third node, which ours never contacts."""
    return writer()


async def stored(here: Home, note: Document) -> PostRow:
    row = await here.stored(str(note["id"]))
    assert row is not None
    return row


async def wrapper_of(where: Place, note: Document) -> PostRow | None:
    row = await stored(where.here, note)
    return await where.here.db.read(posts.share_of, row.id, where.actor.id)


@pytest.mark.both
async def test_a_members_words_are_kept_for_the_community(lifting: Place, cy: Writer) -> None:
    create = lifting.create(cy, "lift with your legs")
    await lifting.says(create, lifting.card(cy))
    assert await dropped(lifting.here) is None
    row = await stored(lifting.here, create["object"])
    assert row.content == "<p>lift with your legs</p>"
    assert (row.kind, row.owner_id, row.place_id) == (Kind.COMMUNITY, *[lifting.actor.id] * 2)
    assert row.is_accepted
    author = await lifting.here.db.read(actors.by_uri, cy.uri)
    assert author is not None
    assert (author.id, author.is_hearsay, author.inbox) == (row.author_id, True, "")
    wrapper = await wrapper_of(lifting, create["object"])
    assert wrapper is not None
    card = await lifting.here.db.read(cards.by_member, lifting.actor.id, author.id)
    assert card is not None
    assert (card.name, card.home, card.handle, card.domain) == ("Cy", "Acme", "cy", cy.host)


# Refused, each with its twin above or beside: nothing is stored of it (T5, federation.md §4.14, 4).


async def refused(where: Place, inner: Any, *told: Document, **more: Any) -> str | None:
    """Announce something that must change nothing; why."""
    await in_vain(where.here, where.person, where.announce(inner, *told, **more))
    return await dropped(where.here)


async def test_T5_a_proof_by_another_key(lifting: Place, cy: Writer) -> None:
    forged = lifting.activity(cy, "Create", lifting.note(cy))
    signed = cy.proven(forged, key=ed25519(3))
    assert "proof" in str(await refused(lifting, signed, lifting.card(cy)))
    await lifting.says(cy.proven(forged), lifting.card(cy))
    await stored(lifting.here, forged["object"])


async def test_T5_words_that_were_changed(lifting: Place, cy: Writer) -> None:
    create = lifting.create(cy, "lift with your legs")
    changed = create | {"object": create["object"] | {"content": "<p>lift with your back</p>"}}
    assert "proof" in str(await refused(lifting, changed, lifting.card(cy)))
    await lifting.says(create, lifting.card(cy))
    assert (await stored(lifting.here, create["object"])).content == "<p>lift with your legs</p>"


async def test_T5_no_proof(lifting: Place, cy: Writer) -> None:
    bare = lifting.activity(cy, "Create", lifting.note(cy))
    assert "no proof" in str(await refused(lifting, bare, lifting.card(cy)))
    await lifting.says(cy.proven(bare), lifting.card(cy))
    await stored(lifting.here, bare["object"])


async def test_T5_an_inner_actor_who_did_not_sign(lifting: Place, cy: Writer) -> None:
    eve = writer("eve", number=2)
    theirs = lifting.activity(cy, "Create", lifting.note(cy))
    signed = eve.proven(theirs)
    told = (lifting.card(cy), lifting.card(eve))
    assert "proof" in str(await refused(lifting, signed, *told))
    await lifting.says(lifting.create(eve), *told)
    assert await dropped(lifting.here) is None


async def test_T5_words_by_somebody_else_than_the_actor(lifting: Place, cy: Writer) -> None:
    eve = writer("eve", number=2)
    put_in_mouth = eve.proven(lifting.activity(eve, "Create", lifting.note(cy)))
    assert await refused(lifting, put_in_mouth, lifting.card(cy), lifting.card(eve)) == (
        "the author is not the actor"
    )


@pytest.mark.parametrize("where", ["activity", "note", "both"])
async def test_T5_an_audience_that_was_swapped(lifting: Place, cy: Writer, where: str) -> None:
    other = lifting.server.url("/users/cooking")
    note = lifting.note(cy, **({"audience": other} if where != "activity" else {}))
    more = {"audience": other} if where != "note" else {}
    create = cy.proven(lifting.activity(cy, "Create", note, **more))
    assert await dropped_for(lifting, create, cy) in {
        "it was not said in that community",
        "it is addressed beyond the community",
        "the words were not said in that community",
    }


async def dropped_for(where: Place, create: Document, by: Writer) -> str | None:
    return await refused(where, create, where.card(by))


@pytest.mark.parametrize("audience", [[], None, "two"])
async def test_an_audience_that_is_not_exactly_the_community(
    lifting: Place, cy: Writer, audience: Any
) -> None:
    said = [lifting.uri, lifting.followers] if audience == "two" else audience
    create = cy.proven(lifting.activity(cy, "Create", lifting.note(cy), audience=said))
    assert await dropped_for(lifting, create, cy) == "it was not said in that community"


@pytest.mark.parametrize("address", [PUBLIC, "as:Public", "Public", "https://n3.example/a/2", {}])
@pytest.mark.parametrize("member", ["to", "cc", "bto", "bcc"])
@pytest.mark.parametrize("where", ["activity", "note"])
async def test_T1_nobody_beyond_the_community_is_addressed_inside(
    lifting: Place, cy: Writer, where: str, member: str, address: Any
) -> None:
    more: dict[str, Any] = {member: [lifting.uri, lifting.followers, address]}
    note = lifting.note(cy, **(more if where == "note" else {}))
    create = cy.proven(
        lifting.activity(cy, "Create", note, **(more if where == "activity" else {}))
    )
    assert await dropped_for(lifting, create, cy) == "it is addressed beyond the community"


@pytest.mark.parametrize("kind", ["Group", "Person", "Application"])
async def test_an_announcer_who_is_no_community_of_ours(
    here: Home, b: Stranger, lifting: Place, cy: Writer, kind: str
) -> None:
    """Not even with a proof that is good elsewhere."""
    other = b.person("other", kind=kind)
    create = lifting.create(cy)
    announce = lifting.announce(create, lifting.card(cy)) | {"actor": other.uri}
    if kind == "Application":
        b.pages[other.path].body["type"] = kind  # type: ignore[union-attr,index]
    await give(here, other, announce)
    assert await dropped(here) is not None
    assert await here.stored(create["object"]["id"]) is None
    await lifting.says(create, lifting.card(cy))
    await stored(here, create["object"])


@pytest.mark.parametrize(
    "state", [state for state in MembershipState if state is not MembershipState.ACTIVE]
)
async def test_a_community_to_which_nobody_here_belongs(
    lifting: Place, alice: ActorView, cy: Writer, state: MembershipState
) -> None:
    await set_state(lifting, alice, state)
    create = lifting.create(cy)
    await give(lifting.here, lifting.person, lifting.announce(create, lifting.card(cy)))
    assert await lifting.here.stored(create["object"]["id"]) is None
    waits = state is MembershipState.REQUESTED  # for the answer that is under way
    assert (await dropped(lifting.here) is None) is waits
    await set_state(lifting, alice, MembershipState.ACTIVE)
    again = lifting.create(cy)
    if not waits:
        await lifting.says(again, lifting.card(cy))
        await stored(lifting.here, again["object"])


@pytest.mark.parametrize("kind", ["Announce", "Follow", "Accept", "Block", "Move", "Add"])
async def test_activities_of_other_types_are_not_passed_on(
    lifting: Place, cy: Writer, kind: str
) -> None:
    inner = cy.proven(lifting.activity(cy, kind, lifting.note(cy)))
    assert await dropped_for(lifting, inner, cy) == "activities of this type are not announced"


async def test_an_inner_id_on_another_server(lifting: Place, cy: Writer) -> None:
    inner = cy.proven(
        lifting.activity(cy, "Create", lifting.note(cy), id="https://other.example/act/1")
    )
    assert await dropped_for(lifting, inner, cy) == "its id lies on another server than its actor"


async def test_a_note_on_another_server(lifting: Place, cy: Writer) -> None:
    note = lifting.note(cy, id="https://other.example/o/1")
    inner = cy.proven(lifting.activity(cy, "Create", note))
    assert "another server" in str(await dropped_for(lifting, inner, cy))


# Cards.


async def test_a_card_that_got_lost_is_asked_for_once_as_the_member(
    lifting: Place, cy: Writer, alice: ActorView
) -> None:
    lifting.tells_cards(lifting.card(cy))
    create = lifting.create(cy)
    await lifting.says(create)
    await stored(lifting.here, create["object"])
    [asked] = [seen for seen in lifting.server.seen if seen.path.endswith("/cards")]
    assert f"{alice.uri}#" in asked.headers["signature"]
    await lifting.says(lifting.create(cy))
    assert lifting.server.fetches(f"{lifting.person.path}/cards") == 1


async def test_a_new_key_is_learnt_from_the_community(lifting: Place, cy: Writer) -> None:
    await lifting.says(lifting.create(cy), lifting.card(cy))
    cy.key = ed25519(5)
    lifting.tells_cards(lifting.card(cy))
    create = lifting.create(cy, "with a new key")
    await lifting.says(create)
    await stored(lifting.here, create["object"])


async def test_an_older_card_that_comes_late_changes_nothing(lifting: Place, cy: Writer) -> None:
    await lifting.says(
        lifting.create(cy), lifting.card(cy, name="New"), published="2026-11-01T13:00:00Z"
    )
    await lifting.says(
        lifting.create(cy), lifting.card(cy, name="Old"), published="2026-11-01T12:00:00Z"
    )
    author = await lifting.here.db.read(actors.by_uri, cy.uri)
    assert author is not None
    card = await lifting.here.db.read(cards.by_member, lifting.actor.id, author.id)
    assert card is not None
    assert card.name == "New"


async def test_a_card_that_cannot_be_had(lifting: Place, cy: Writer) -> None:
    assert "card" in str(await refused(lifting, lifting.create(cy)))


async def test_a_card_counts_in_its_own_community_only(
    here: Home, e: Stranger, lifting: Place, cy: Writer, alice: ActorView
) -> None:
    cooking = await place(here, e, alice, "cooking")
    await lifting.says(lifting.create(cy), lifting.card(cy))
    assert "card" in str(await refused(cooking, cooking.create(cy)))
    create = cooking.create(cy)
    await cooking.says(create, cooking.card(cy))
    await stored(here, create["object"])


async def test_a_card_does_not_make_words_for_our_own_people(
    lifting: Place, alice: ActorView
) -> None:
    forger = ed25519(4)
    mask = Writer(alice.uri, "alice", lifting.here.node.handle_domain, forger, f"{alice.uri}#k")
    create = lifting.create(mask)
    lifting.tells_cards(lifting.card(mask))
    assert await refused(lifting, create, lifting.card(mask)) == "its proof does not verify"


async def test_a_card_under_one_of_our_names(lifting: Place) -> None:
    mask = writer("alice")
    mask.host = lifting.here.node.handle_domain
    assert "card" in str(await refused(lifting, lifting.create(mask), lifting.card(mask)))


async def test_a_card_does_not_replace_a_key_that_we_know(
    here: Home, e: Stranger, lifting: Place
) -> None:
    """Ben's own server told us his key: the community cannot tell us another."""
    true_key = ed25519(8)
    uri = e.url("/users/ben")
    multikey = {
        "id": f"{uri}#ed25519-key",
        "type": "Multikey",
        "controller": uri,
        "publicKeyMultibase": true_key.public.multikey(),
    }
    person = e.person("ben", assertionMethod=[multikey])
    await known_here(here, person)
    ben = Writer(uri, "ben", e.authority, true_key, f"{uri}#ed25519-key")
    mask = Writer(uri, "ben", e.authority, ed25519(9), f"{uri}#ed25519-key")
    forged = lifting.activity(mask, "Create", lifting.note(mask), id=e.url("/act/1"))
    forged["object"]["id"] = e.url("/o/1")
    lifting.tells_cards(lifting.card(mask))
    assert "proof" in str(await refused(lifting, mask.proven(forged), lifting.card(mask)))
    assert await here.stored(e.url("/o/1")) is None
    await lifting.says(ben.proven(forged), lifting.card(mask))
    row = await stored(here, forged["object"])
    author = await here.db.read(actors.by_uri, uri)
    assert author is not None
    assert row.author_id == author.id
    assert await here.db.read(cards.by_member, lifting.actor.id, author.id) is None
    await here.block(e.authority)  # now nobody but the community can tell us of a new key
    again = lifting.activity(mask, "Create", lifting.note(mask, id=e.url("/o/2")), id=e.url("/2"))
    await lifting.says(mask.proven(again), lifting.card(mask))
    await stored(here, again["object"])


async def known_here(here: Home, person: Person) -> None:
    await find_actor(here.fetcher, person.uri)


async def test_an_avatar_is_the_communitys_copy_or_none(lifting: Place, cy: Writer) -> None:
    far = {"icon": {"type": "Image", "url": "https://n3.example/face.png"}}
    await lifting.says(lifting.create(cy), lifting.card(cy, **far))
    assert await avatar(lifting, cy) is None
    near = {"icon": {"type": "Image", "url": lifting.server.url("/copies/face.png")}}
    await lifting.says(lifting.create(cy), lifting.card(cy, **near))
    assert await avatar(lifting, cy) == lifting.server.url("/copies/face.png")


async def avatar(where: Place, of: Writer) -> str | None:
    author = await where.here.db.read(actors.by_uri, of.uri)
    assert author is not None
    card = await where.here.db.read(cards.by_member, where.actor.id, author.id)
    assert card is not None
    return card.avatar
