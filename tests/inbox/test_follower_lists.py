"""Who of ours follows somebody elsewhere: agreed with their server, whose word is the last."""

import orjson
import pytest

from activitypub.synchronization import HEADER, header
from domain.kinds import FollowState
from federation.fetcher import CannotFetch
from social.follower_lists import FOLLOWER_LIST, Settled, settle
from storage.queries import disclosures, follows
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.giving import known
from tests.inbox.home import Home
from tests.support.stranger import Document, Page, Person, Stranger

LIST = "/users/ana/followers_here"


@pytest.fixture
async def bo(here: Home) -> ActorView:
    return await here.someone("bo")


@pytest.fixture
async def author(here: Home, ana: Person, alice: ActorView, bo: ActorView) -> ActorView:
    """Ana as we know her, whom alice and bo follow."""
    found = await known(here, ana)
    await here.follow(alice, found)
    await here.follow(bo, found)
    return found


def lists(server: Stranger, *people: ActorView | str) -> None:
    uris = [one if isinstance(one, str) else one.uri for one in people]
    server.add(LIST, {"type": "OrderedCollection", "orderedItems": uris})


def only_followers(ana: Person) -> Document:
    server, to = ana.server, [ana.document["followers"]]
    note = server.note(ana, to=to, cc=[])
    return server.activity(ana, "Create", note, to=to)


async def deliver(here: Home, ana: Person, said: str, activity: Document | None = None) -> None:
    """Deliver something for followers, with this header, and do what follows from it."""
    body = orjson.dumps(activity or only_followers(ana))
    headers = ana.server.signed(ana, here.inbox, body) | {HEADER: said}
    assert (await ana.server.send(here.inbox, body, headers)).status == 202
    await here.drain()


def says(ana: Person, *people: ActorView, url: str = "", of: str = "") -> str:
    collection = of or str(ana.document["followers"])
    return header(collection, url or ana.server.url(LIST), [one.uri for one in people])


async def follows_now(here: Home, *people: ActorView, of: ActorView) -> list[bool]:
    return [await here.db.read(follows.is_following, one.id, of.id) for one in people]


@pytest.mark.both
@pytest.mark.interop(
    "Collection-Synchronization", "in", "a follow that ended there ends here", peer="a stranger"
)
async def test_8fcf_a_follow_that_ended_there_ends_here(
    here: Home, b: Stranger, ana: Person, author: ActorView, alice: ActorView, bo: ActorView
) -> None:
    lists(b, alice)
    await deliver(here, ana, says(ana, alice))
    assert b.fetches(LIST) == 1
    assert await follows_now(here, alice, bo, of=author) == [True, False]


async def test_8fcf_who_agrees_is_not_asked(
    here: Home, b: Stranger, ana: Person, author: ActorView, alice: ActorView, bo: ActorView
) -> None:
    lists(b)
    await deliver(here, ana, says(ana, bo, alice))
    assert b.fetches(LIST) == 0
    assert await follows_now(here, alice, bo, of=author) == [True, True]


async def test_8fcf_a_server_is_asked_once_in_a_while(
    here: Home, b: Stranger, ana: Person, author: ActorView, alice: ActorView, bo: ActorView
) -> None:
    lists(b, alice, bo)
    for _ in range(3):
        await deliver(here, ana, says(ana, alice))
    assert b.fetches(LIST) == 1


async def test_8fcf_an_answer_that_was_lost_is_made_up_for(
    here: Home, b: Stranger, ana: Person, author: ActorView, alice: ActorView, bo: ActorView
) -> None:
    cy = await here.someone("cy")
    await here.db.write(_ask, cy, author)
    lists(b, alice, bo, cy)
    await deliver(here, ana, says(ana, alice, bo, cy))
    assert await follows_now(here, alice, bo, cy, of=author) == [True, True, True]


def _ask(tx: Tx, follower: ActorView, target: ActorView) -> None:
    row = follows.FollowRow(
        id=7,
        follower_id=follower.id,
        target_id=target.id,
        state=FollowState.PENDING,
        uri=f"{follower.uri}#asks",
        shares=True,
        notify=False,
        created_at=tx.now,
        accepted_at=None,
    )
    follows.insert_follow(tx, row)


async def test_8fcf_a_follow_that_only_they_know_of_is_taken_back(
    here: Home, ana: Person, b: Stranger, author: ActorView, alice: ActorView, bo: ActorView
) -> None:
    cy, dora = await here.someone("cy"), await here.someone("dora")
    await here.db.write(disclosures.disclose, [cy.id], [author.origin_id])
    lists(b, alice, bo, cy, dora, f"{here.node.origin}/a/1", "https://other.example/users/1")
    found = await settle(here.fetcher, actor_id=author.id, address=b.url(LIST))
    assert found == Settled(undone=1), "of whom they do not know they learn nothing"
    sent = [orjson.loads(row[6]) for row in await here.rows("activities")]
    undone = [one for one in sent if one["type"] == "Undo"]
    assert [(one["actor"], one["object"]["object"]) for one in undone] == [(cy.uri, ana.uri)]


@pytest.mark.parametrize("where", ["elsewhere", "ours", "no address"])
async def test_8fcf_a_list_on_another_server_is_not_asked_for(
    here: Home,
    b: Stranger,
    e: Stranger,
    ana: Person,
    author: ActorView,
    alice: ActorView,
    bo: ActorView,
    where: str,
) -> None:
    lists(e)
    url = {"elsewhere": e.url(LIST), "ours": here.node.actor(1), "no address": "list"}[where]
    await deliver(here, ana, says(ana, url=url))
    await deliver(here, ana, says(ana, of=f"{ana.uri}/others"))
    assert e.seen == []
    assert FOLLOWER_LIST not in [row[1] for row in await here.rows("jobs")]
    assert await follows_now(here, alice, bo, of=author) == [True, True]
    lists(b)
    await deliver(here, ana, says(ana))
    assert await follows_now(here, alice, bo, of=author) == [False, False]


async def test_8fcf_nobody_speaks_of_anothers_followers(
    here: Home,
    b: Stranger,
    e: Stranger,
    ana: Person,
    mallory: Person,
    author: ActorView,
    alice: ActorView,
    bo: ActorView,
) -> None:
    lists(e)
    said = header(str(ana.document["followers"]), e.url(LIST), [])
    await deliver(here, mallory, said)
    assert e.fetches(LIST) == 0
    with_hers = await settle(here.fetcher, actor_id=author.id, address=e.url(LIST))
    assert with_hers == Settled()
    assert await follows_now(here, alice, bo, of=author) == [True, True]


@pytest.mark.parametrize("how", ["endless", "broken", "no list", "another id"])
async def test_D08_without_a_whole_answer_nothing_changes(
    here: Home,
    b: Stranger,
    ana: Person,
    author: ActorView,
    alice: ActorView,
    bo: ActorView,
    how: str,
) -> None:
    page = {"type": "OrderedCollectionPage", "orderedItems": []}
    if how == "endless":
        b.pages[LIST] = lambda seen: Page(
            page | {"id": b.url(f"{LIST}?{seen.query}"), "next": b.url(f"{LIST}?{seen.query}1")}
        )
    elif how == "broken":
        b.pages[LIST] = Page(status=503)
    elif how == "no list":
        b.add(LIST, {"type": "Note"})
    else:
        lists(b)
        b.add("/renamed", {"type": "Collection", "items": []})
        b.pages[LIST] = b.pages["/renamed"]
    address = b.url(f"{LIST}?1" if how == "endless" else LIST)
    with pytest.raises(CannotFetch):
        await settle(here.fetcher, actor_id=author.id, address=address)
    assert b.fetches(LIST) <= 20
    assert await follows_now(here, alice, bo, of=author) == [True, True]
    lists(b, alice)
    here.restart()
    fresh = b.url(f"{LIST}2")
    b.add(f"{LIST}2", {"type": "OrderedCollection", "orderedItems": [alice.uri]})
    assert await settle(here.fetcher, actor_id=author.id, address=fresh) == Settled(ended=1)
