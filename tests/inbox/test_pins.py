"""Posts pinned elsewhere: taken from the owner of the collection alone, read within a budget."""

from typing import Any

import pytest

from federation.discovery import fetch_actor
from social.featured import fetch_featured
from social.follows import follow
from social.pins import MOST_ELSEWHERE
from storage.queries import pins
from storage.views.actors import ActorView
from tests.inbox.giving import give, in_vain, known
from tests.inbox.home import Home
from tests.support.stranger import Document, Page, Person, Stranger


@pytest.fixture
async def ana(here: Home, b: Stranger, alice: ActorView) -> Person:
    """Somebody on B who has a collection of pinned posts, followed by alice."""
    person = b.person("ana", featured=b.url("/users/ana/featured"))
    await here.follow(alice, await known(here, person))
    return person


@pytest.fixture
async def note(here: Home, b: Stranger, ana: Person) -> Document:
    """A post of ana's that is stored here."""
    document = b.note(ana)
    await give(here, ana, b.activity(ana, "Create", document))
    return document


async def pinned(here: Home, person: Person) -> list[str]:
    """The ids of what stands at the top of somebody's page."""
    actor = await known(here, person)
    by_id = {row[0]: row[1] for row in await here.rows("posts")}
    return [by_id[post_id] for post_id in await here.db.read(pins.of, actor.id)]


def add(by: Person, document: Any, kind: str = "Add", **extra: Any) -> Document:
    target = {"target": by.document.get("featured")} | extra
    return by.server.activity(by, kind, document, **target)


def collection(server: Stranger, *items: Any, path: str = "/users/ana/featured") -> None:
    server.add(path, {"type": "OrderedCollection", "orderedItems": list(items)})


@pytest.mark.interop("Add (featured)", "in", "pinned to the author's page", peer="a stranger")
async def test_an_add_pins_and_a_remove_takes_down(here: Home, ana: Person, note: Document) -> None:
    await give(here, ana, add(ana, note["id"]))
    assert await pinned(here, ana) == [note["id"]]
    await give(here, ana, add(ana, note["id"], "Remove"))
    assert await pinned(here, ana) == []


@pytest.mark.interop("Remove (featured)", "in", "taken down again", peer="a stranger")
async def test_a_remove_takes_down_one_of_two(
    here: Home, b: Stranger, ana: Person, note: Document
) -> None:
    other = b.note(ana)
    await give(here, ana, add(ana, note["id"]))
    await give(here, ana, add(ana, other["id"]))  # not known yet: fetched, since alice follows
    assert await pinned(here, ana) == [other["id"], note["id"]]
    await give(here, ana, add(ana, other, "Remove"))
    assert await pinned(here, ana) == [note["id"]]


@pytest.mark.interop(
    "Add and Remove without an id", "in", "taken as often as said", peer="scripted Mastodon"
)
async def test_mastodon_says_so_without_an_id(here: Home, ana: Person, note: Document) -> None:
    """app/serializers/activitypub/add_note_serializer.rb: type, actor, object, target."""
    for kind, standing in [("Add", [note["id"]]), ("Remove", [])] * 2:
        said = add(ana, note["id"], kind)
        del said["id"]
        await give(here, ana, said)
        assert await pinned(here, ana) == standing


@pytest.mark.interop(
    "Add of a featured Hashtag", "in", "taken, no effect", peer="scripted Mastodon"
)
async def test_a_featured_hashtag_has_no_effect(here: Home, ana: Person) -> None:
    """app/serializers/activitypub/add_hashtag_serializer.rb: the object has no id either."""
    tag = {"type": "Hashtag", "href": f"{ana.uri}/tagged/x", "name": "#x"}
    for target in (f"{ana.uri}/collections/tags", ana.document["featured"]):
        said = add(ana, tag, target=target)
        del said["id"]
        await in_vain(here, ana, said)


@pytest.mark.parametrize("kind", ["Create", "Follow", "Like", "Move", "Delete", "Undo"])
async def test_O17_nothing_else_comes_without_an_id(here: Home, ana: Person, kind: str) -> None:
    said = ana.server.activity(ana, kind, ana.uri)
    del said["id"]
    assert (await ana.server.deliver(ana, here.inbox, said)).status == 400


async def test_O17_an_id_that_is_none_is_no_missing_id(
    here: Home, ana: Person, note: Document
) -> None:
    nonsense: list[Any] = [None, "", 7, [], {}, "x"]
    for wrong in nonsense:
        said = add(ana, note["id"]) | {"id": wrong}
        assert (await ana.server.deliver(ana, here.inbox, said)).status == 400


async def test_O04_only_the_owner_changes_a_collection(
    here: Home, b: Stranger, ana: Person, note: Document, mallory: Person
) -> None:
    bo = b.person("bo", key=2)
    await known(here, bo)
    target = ana.document["featured"]
    for by in (bo, mallory):
        await in_vain(here, by, add(by, note["id"], target=target))
        await in_vain(here, by, add(by, note["id"], "Remove", target=target))
    assert await pinned(here, ana) == []


@pytest.mark.parametrize("target", ["followers", "outbox", "moderators"])
async def test_O04_no_other_collection_is_changed(
    here: Home, ana: Person, note: Document, target: str
) -> None:
    await in_vain(here, ana, add(ana, note["id"], target=f"{ana.uri}/{target}"))
    await in_vain(here, ana, {k: v for k, v in add(ana, note["id"]).items() if k != "target"})


async def test_O04_nobody_pins_the_words_of_others(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person, alice: ActorView
) -> None:
    bo = b.person("bo", key=2)
    await here.follow(alice, await known(here, bo))
    of_bo, of_mallory = b.note(bo), e.note(mallory)
    await give(here, bo, b.activity(bo, "Create", of_bo))
    ours = await here.post(alice, "mine")
    for uri in (of_bo["id"], of_mallory["id"], ours.uri, alice.uri, b.url("/nothing")):
        await in_vain(here, ana, add(ana, uri))
    assert await pinned(here, ana) == []


async def test_O11_what_only_the_named_may_read_is_not_pinned(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    secret = b.note(ana, to=[alice.uri], cc=[])
    await give(here, ana, b.activity(ana, "Create", secret))
    await in_vain(here, ana, add(ana, secret["id"]))
    assert await pinned(here, ana) == []


async def test_nothing_is_fetched_for_who_is_followed_by_nobody(here: Home, b: Stranger) -> None:
    bo = b.person("bo", key=2, featured=b.url("/users/bo/featured"))
    await known(here, bo)
    unknown = b.note(bo)
    await in_vain(here, bo, add(bo, unknown["id"]))
    assert b.fetches(unknown["id"].removeprefix(b.origin)) == 0


async def test_a_deleted_post_stands_nowhere(
    here: Home, b: Stranger, ana: Person, note: Document
) -> None:
    await give(here, ana, add(ana, note["id"]))
    await give(here, ana, b.activity(ana, "Delete", note["id"]))
    actor = await known(here, ana)
    assert await here.db.read(pins.count, actor.id) == 0
    assert await here.rows("pins") == []
    await in_vain(here, ana, add(ana, note["id"]))


# The collection as a whole.


@pytest.mark.interop(
    "featured collection", "in", "read when somebody looks or follows", peer="a stranger"
)
async def test_the_collection_is_read_in_its_order(here: Home, b: Stranger, ana: Person) -> None:
    first, second = b.note(ana), b.note(ana)
    collection(b, second["id"], first)
    assert await fetch_featured(here.fetcher, actor_id=(await known(here, ana)).id) == 2
    assert await pinned(here, ana) == [second["id"], first["id"]]


async def test_what_left_the_collection_is_taken_down(
    here: Home, b: Stranger, ana: Person, note: Document
) -> None:
    await give(here, ana, add(ana, note["id"]))
    collection(b)
    await fetch_featured(here.fetcher, actor_id=(await known(here, ana)).id)
    assert await pinned(here, ana) == []


async def test_a_paged_collection_is_read_to_the_end_of_its_first_page(
    here: Home, b: Stranger, ana: Person, note: Document
) -> None:
    page = b.add("/users/ana/featured/1", {"type": "OrderedCollectionPage", "items": [note["id"]]})
    b.add("/users/ana/featured", {"type": "OrderedCollection", "first": page})
    await fetch_featured(here.fetcher, actor_id=(await known(here, ana)).id)
    assert await pinned(here, ana) == [note["id"]]


async def test_D08_a_long_collection_costs_a_few_fetches(
    here: Home, b: Stranger, ana: Person
) -> None:
    notes = [b.note(ana)["id"] for _ in range(3 * MOST_ELSEWHERE)]
    collection(b, *notes)
    before = len(b.seen)
    actor = await known(here, ana)
    assert await fetch_featured(here.fetcher, actor_id=actor.id) == MOST_ELSEWHERE
    assert len(b.seen) - before <= 2 + MOST_ELSEWHERE
    assert await pinned(here, ana) == notes[:MOST_ELSEWHERE]


@pytest.mark.parametrize(
    "said",
    [
        Page(status=404),
        Page({"id": "http://elsewhere.example/featured", "type": "OrderedCollection"}),
        Page(b"nonsense"),
        Page({"type": "OrderedCollection", "orderedItems": [{}] * 1_001}),
    ],
    ids=["gone", "another's", "no JSON", "a thousand and one"],
)
async def test_a_collection_that_cannot_be_had_changes_nothing(
    here: Home, b: Stranger, ana: Person, note: Document, said: Page
) -> None:
    await give(here, ana, add(ana, note["id"]))
    if isinstance(said.body, dict) and "id" not in said.body:
        said.body["id"] = b.url("/users/ana/featured")
    b.pages["/users/ana/featured"] = said
    assert await fetch_featured(here.fetcher, actor_id=(await known(here, ana)).id) == 0
    assert await pinned(here, ana) == [note["id"]]


async def test_O01_a_collection_elsewhere_is_not_believed(
    here: Home, b: Stranger, e: Stranger, alice: ActorView
) -> None:
    bo = b.person("bo", key=2, featured=e.url("/featured"))
    actor = await fetch_actor(here.fetcher, bo.uri)
    assert actor.featured is None
    assert await fetch_featured(here.fetcher, actor_id=actor.id) == 0
    assert e.seen == []


async def test_whoever_is_followed_is_asked_once(here: Home, b: Stranger, alice: ActorView) -> None:
    cy = b.person("cy", key=3, featured=b.url("/users/cy/featured"))
    actor = await known(here, cy)
    await here.db.write(follow, node=here.node, follower_id=alice.id, target_id=actor.id)
    assert [row[1] for row in await here.rows("jobs")].count("fetch_featured") == 1
