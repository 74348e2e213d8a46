"""A thread is made whole from other servers, with an end to everything, and joined by answers."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete

from domain.kinds import RuleAction
from social import completing
from social.ancestors import find_post
from social.completing import AGAIN_MS, Budget, Completed, Gaps, complete_thread, want_thread
from storage.queries import origins, threads
from storage.tables.actors import key_fetches
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.inbox.giving import give, known
from tests.inbox.home import Home
from tests.support.stranger import PUBLIC, Document, Page, Person, Seen, Stranger

_REST_IS_OVER = delete(key_fetches)


def collect(server: Stranger, path: str, items: list[object], **more: object) -> str:
    """Serve a collection on one page."""
    return server.add(path, {"type": "OrderedCollection", "orderedItems": items} | more)


def paged(server: Stranger, path: str, answer: Callable[[int], list[object]]) -> str:
    """Serve a collection that has always one more page."""

    def page(seen: Seen) -> Page:
        number = int(seen.query.removeprefix("page=") or 0)
        url = server.url(path)
        return Page(
            {
                "id": f"{url}?page={number}" if number else url,
                "type": "OrderedCollectionPage" if number else "OrderedCollection",
                "orderedItems": answer(number),
                "next": f"{url}?page={number + 1}",
            }
        )

    server.pages[path] = page
    return server.url(path)


async def opened(here: Home, root: Document) -> PostRow:
    """The thread's first post, looked up by somebody here."""
    found = await find_post(here.fetcher, str(root["id"]))
    assert found is not None
    return found


async def complete(here: Home, root: Document, **budget: float) -> Completed:
    row = await opened(here, root)
    limits = Budget(**budget)  # type: ignore[arg-type]
    return await complete_thread(here.fetcher, root_id=row.id, budget=limits)


async def texts(here: Home) -> set[str]:
    return {row[1] for row in await here.rows("posts")}


# What is found.


@pytest.mark.both
@pytest.mark.interop(
    "context", "in", "the thread is fetched, each post from its server", peer="a stranger"
)
async def test_the_thread_is_fetched_from_its_collection(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    root = b.note(ana, "/root", context=b.url("/thread"))
    first = e.note(mallory, inReplyTo=root["id"])
    second = b.note(ana, inReplyTo=first["id"])
    collect(b, "/thread", [root["id"], second["id"], first["id"]], attributedTo=ana.uri)
    assert await complete(here, root) == Completed(2, missing=False)
    rows = [await here.stored(str(note["id"])) for note in (root, first, second)]
    assert len({row.root_id for row in rows if row is not None}) == 1
    assert await here.rows("notifications") == []
    assert await here.rows("home_entries") == []


@pytest.mark.interop("replies", "in", "answers are fetched, and answers to them", peer="a stranger")
async def test_answers_are_fetched_from_the_collections_of_answers(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    page = {"type": "CollectionPage", "items": [], "next": b.url("/answers/page")}
    inside = {"id": b.url("/answers"), "type": "Collection", "first": page}
    root = b.note(ana, "/root", replies=inside)
    b.add("/answers", inside)
    first = e.note(mallory, inReplyTo=root["id"], replies=e.url("/more"))
    listed = {"type": "CollectionPage", "items": [first]}  # whole objects are read as their ids
    b.add("/answers/page", listed)
    second = e.note(mallory, inReplyTo=first["id"])
    collect(e, "/more", [second["id"]])
    assert await complete(here, root) == Completed(2, missing=False)
    assert {first["id"], second["id"]} <= await texts(here)


async def test_an_answer_to_what_nobody_listed_brings_that_along(
    here: Home, b: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", context=b.url("/thread"))
    between = b.note(ana, inReplyTo=root["id"])
    last = b.note(ana, inReplyTo=between["id"])
    collect(b, "/thread", [last["id"]])
    assert await complete(here, root) == Completed(2, missing=False)


async def test_a_thread_that_was_not_here_is_completed_when_an_answer_comes(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    root = b.note(ana, "/root", replies=b.url("/answers"))
    other, came = b.note(ana, inReplyTo=root["id"]), b.note(ana, inReplyTo=root["id"])
    collect(b, "/answers", [other["id"], came["id"]])
    await give(here, ana, b.activity(ana, "Create", came))
    assert {root["id"], other["id"], came["id"]} <= await texts(here)


async def test_answers_of_others_to_our_own_thread_are_fetched(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person, alice: ActorView
) -> None:
    ours = await here.post(alice, "what do you think?")
    answer = b.note(ana, inReplyTo=ours.uri, to=[alice.uri], cc=[PUBLIC], replies=b.url("/more"))
    further = e.note(mallory, inReplyTo=answer["id"])
    collect(b, "/more", [further["id"], ours.uri])
    await give(here, ana, b.activity(ana, "Create", answer))
    done = await complete_thread(here.fetcher, root_id=ours.id)
    assert done == Completed(1, missing=False)
    assert b.fetches("/t/") == 0
    row = await here.stored(str(further["id"]))
    assert row is not None
    assert row.root_id == ours.id


@pytest.mark.interop(
    "context", "in", "a thread in Mastodon's shapes is fetched", peer="scripted Mastodon"
)
async def test_mastodons_context_and_replies_are_read(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    """Pages inside the collection, the author's own answers first, then a page of others'."""
    at, others = "/users/ana/statuses/1/replies", "only_other_accounts=true&page=true"
    own = b.note(ana, inReplyTo=b.url("/users/ana/statuses/1"))
    theirs = e.note(mallory, inReplyTo=b.url("/users/ana/statuses/1"))
    first = {
        "type": "CollectionPage",
        "next": b.url(f"{at}?{others}"),
        "partOf": b.url(at),
        "items": [own["id"]],
    }
    replies = {"id": b.url(at), "type": "Collection", "first": first}

    def answer(seen: Seen) -> Page:
        if not seen.query:
            return Page({"@context": ana.document["@context"], **replies})
        url = b.url(f"{at}?{seen.query}")
        return Page({"id": url, "type": "CollectionPage", "items": [theirs["id"]]})

    b.pages[at] = answer
    context = b.url("/contexts/1-1")
    whole = {"type": "Collection", "attributedTo": ana.uri, "first": {**first, "next": None}}
    b.add("/contexts/1-1", whole)
    root = b.note(ana, "/users/ana/statuses/1", context=context, replies=replies)
    assert await complete(here, root) == Completed(2, missing=False)
    assert {own["id"], theirs["id"]} <= await texts(here)


@pytest.mark.interop(
    "context", "in", "a topic is fetched from its collection", peer="scripted NodeBB"
)
async def test_a_topic_of_nodebb_is_read(here: Home, b: Stranger, ana: Person) -> None:
    """An ordered collection with everything on it, and a page that repeats it."""
    topic = b.url("/topic/7")
    root = b.note(ana, "/post/1", context=topic)
    answer = b.note(ana, "/post/2", inReplyTo=root["id"], context=topic)
    page: Document = {
        "id": f"{topic}?page=1",
        "type": "OrderedCollectionPage",
        "partOf": topic,
        "orderedItems": [root["id"], answer["id"]],
    }

    def answers(seen: Seen) -> Page:
        whole = {"id": topic, "type": "OrderedCollection", "first": f"{topic}?page=1"}
        return Page(page if seen.query else whole | {"last": f"{topic}?page=1"})

    b.pages["/topic/7"] = answers
    assert await complete(here, root) == Completed(1, missing=False)


# What is refused.


async def test_O01_only_answers_join_a_thread_and_no_claim(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    root = b.note(ana, "/root", context=b.url("/thread"))
    alone = e.note(mallory, context=b.url("/thread"))
    elsewhere = b.note(ana, "/other", context=b.url("/thread"))
    await opened(here, elsewhere)
    beside = e.note(mallory, inReplyTo=elsewhere["id"])
    answer = e.note(mallory, inReplyTo=root["id"])
    collect(b, "/thread", [alone["id"], beside["id"], elsewhere["id"], answer["id"]])
    assert (await complete(here, root)).found == 1
    kept = await texts(here)
    assert answer["id"] in kept
    assert not {alone["id"], beside["id"]} & kept
    other = await here.stored(str(elsewhere["id"]))
    assert other is not None
    assert other.root_id == other.id


async def test_O01_what_a_collection_says_of_a_post_is_not_believed(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    root = e.note(mallory, "/root", replies=e.url("/answers"))
    genuine = b.note(ana, "/genuine", inReplyTo=root["id"], content="<p>as ana said it</p>")
    forged = {**genuine, "content": "<p>as mallory would have it</p>"}
    invented = {**forged, "id": b.url("/invented")}
    collect(e, "/answers", [forged, invented])
    assert await complete(here, root) == Completed(1, missing=False)
    row = await here.stored(str(genuine["id"]))
    assert row is not None
    assert "as ana said it" in row.content
    assert await here.stored(b.url("/invented")) is None


async def test_O07_a_post_of_another_servers_author_is_left_out(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    root = e.note(mallory, "/root", replies=e.url("/answers"))
    e.note(mallory, "/lie", inReplyTo=root["id"], attributedTo=ana.uri)
    true = e.note(mallory, "/true", inReplyTo=root["id"])
    collect(e, "/answers", [e.url("/lie"), true["id"]])
    assert await complete(here, root) == Completed(1, missing=True)


async def test_what_is_not_for_anybody_is_not_kept(here: Home, b: Stranger, ana: Person) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    only = {"to": [ana.document["followers"]], "cc": []}
    b.note(ana, "/followers", inReplyTo=root["id"], **only)
    b.note(ana, "/everybody", inReplyTo=root["id"])
    collect(b, "/answers", [b.url("/followers"), b.url("/everybody")])
    assert (await complete(here, root)).found == 1
    assert await here.stored(b.url("/followers")) is None


async def test_a_context_on_a_third_server_makes_us_ask_nobody(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    root = e.note(mallory, "/root", context=b.url("/victim"), replies=b.url("/victim"))
    answer = e.note(mallory, inReplyTo=root["id"], context=b.url("/victim"))
    collect(b, "/victim", [])
    row = await opened(here, root)
    await opened(here, answer)
    await complete_thread(here.fetcher, root_id=row.id)
    assert b.fetches("/victim") == 0


async def test_a_server_that_we_do_not_talk_to_is_not_asked(
    here: Home, b: Stranger, x: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    strange = x.note(x.person("xena"), inReplyTo=root["id"])
    collect(b, "/answers", [strange["id"]])
    assert await complete(here, root) == Completed(0, missing=True)
    assert x.seen == []
    await here.db.write(origins.set_rule, x.authority, RuleAction.ALLOW)
    here.restart()  # a rule may take two seconds to be known everywhere
    assert await complete(here, root) == Completed(1, missing=False)


async def test_followers_posts_are_not_asked_after(here: Home, b: Stranger, ana: Person) -> None:
    only = {"to": [ana.document["followers"]], "cc": []}
    root = b.note(ana, "/root", replies=b.url("/answers"), **only)
    row = await opened(here, root)
    assert not await here.db.write(want_thread, row.id)
    await complete_thread(here.fetcher, root_id=row.id)
    assert b.fetches("/answers") == 0


# Everything has an end.


async def test_D08_a_collection_that_leads_to_itself_ends(
    here: Home, b: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/round"))
    answer = b.note(ana, inReplyTo=root["id"])
    collect(b, "/round", [answer["id"]], next=b.url("/round"), first=b.url("/round"))
    assert (await complete(here, root)).found == 1
    assert b.fetches("/round") == 1


async def test_D08_ever_new_pages_stop_at_the_budget(here: Home, b: Stranger, ana: Person) -> None:
    root = b.note(ana, "/root", replies=b.url("/endless"))
    paged(b, "/endless", lambda number: [])
    done = await complete(here, root, pages=7)
    assert done == Completed(0, missing=True)
    assert b.fetches("/endless") == 7


async def test_D08_a_million_entries_stop_at_the_budget(
    here: Home, b: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/wide"))
    paged(b, "/wide", lambda page: [b.url(f"/none/{page}-{n}") for n in range(2_000)])
    done = await complete(here, root, posts=10)
    assert done == Completed(0, missing=True)
    assert sum(seen.path.startswith("/none/") for seen in b.seen) == 10


async def test_D08_a_page_beyond_the_cap_is_left(here: Home, b: Stranger, ana: Person) -> None:
    root = b.note(ana, "/root", replies=b.url("/huge"))
    collect(b, "/huge", [b.url(f"/none/{number:09}") for number in range(40_000)])
    assert await complete(here, root) == Completed(0, missing=True)


async def test_D09_posts_of_one_server_stop_at_its_share(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    many = [e.note(mallory, f"/m/{n}", inReplyTo=root["id"])["id"] for n in range(6)]
    own = b.note(ana, inReplyTo=root["id"])
    collect(b, "/answers", [*many, own["id"]])
    assert await complete(here, root, of_one_server=3) == Completed(4, missing=True)


async def test_D11_a_server_in_trouble_is_not_asked_over_and_over(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    busy = [e.url(f"/busy/{number}") for number in range(9)]
    for uri in busy:
        e.pages[uri.removeprefix(e.origin)] = Page(status=429)
    own = b.note(ana, inReplyTo=root["id"])
    collect(b, "/answers", [*busy, own["id"]])
    assert await complete(here, root) == Completed(1, missing=True)
    assert sum(seen.path.startswith("/busy/") for seen in e.seen) == 3


async def test_D09_answers_that_answer_each_other_end(here: Home, b: Stranger, ana: Person) -> None:
    root = b.note(ana, "/root", context=b.url("/thread"))
    b.note(ana, "/one", inReplyTo=b.url("/two"))
    b.note(ana, "/two", inReplyTo=b.url("/one"))
    collect(b, "/thread", [b.url("/one"), b.url("/two")])
    assert await complete(here, root) == Completed(0, missing=True)
    assert (b.fetches("/one"), b.fetches("/two")) == (1, 1)


async def test_D09_answers_below_each_other_stop_at_the_budget(
    here: Home, b: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/below/0"))
    before = str(root["id"])
    for number in range(60):
        below = b.url(f"/below/{number + 1}")
        note = b.note(ana, f"/deep/{number}", inReplyTo=before, replies=below)
        collect(b, f"/below/{number}", [note["id"]])
        before = str(note["id"])
    assert await complete(here, root, posts=20) == Completed(20, missing=True)


async def test_D09_an_answer_to_what_we_never_had_ends(
    here: Home, b: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    lost = [here.node.post(4711), b.url("/users/ana#notes/1"), b.url("/gone")]
    notes = [b.note(ana, inReplyTo=uri)["id"] for uri in (lost[0], lost[2])]
    collect(b, "/answers", [*notes, *lost])
    assert await complete(here, root) == Completed(0, missing=True)
    assert await here.stored(str(notes[0])) is None


async def test_a_vote_is_no_answer(here: Home, b: Stranger, ana: Person) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    vote = b.note(ana, inReplyTo=root["id"], name="yes", content="")
    said = b.note(ana, inReplyTo=root["id"], content="<p>yes</p>")
    collect(b, "/answers", [vote["id"], said["id"]])
    assert (await complete(here, root)).found == 1
    assert await here.stored(str(vote["id"])) is None


async def test_an_answer_under_another_address_is_kept_under_its_id(
    here: Home, b: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    answer = b.note(ana, "/answer", inReplyTo=root["id"])
    b.pages["/@ana/1"] = b.pages["/answer"]
    collect(b, "/answers", [b.url("/@ana/1"), answer["id"]])
    assert await complete(here, root) == Completed(1, missing=False)


async def test_D09_time_is_a_budget_too(here: Home, b: Stranger, ana: Person) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    collect(b, "/answers", [b.note(ana, inReplyTo=root["id"])["id"]])
    assert await complete(here, root, seconds=0) == Completed(0, missing=True)
    assert b.fetches("/answers") == 0


# How often, and what is told.


async def test_one_thread_is_asked_for_once_in_a_while(
    here: Home, b: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    collect(b, "/answers", [b.note(ana, inReplyTo=root["id"])["id"]])
    row = await opened(here, root)
    assert (await here.db.read(completing.gaps, row.id)).is_due
    assert await here.db.write(want_thread, row.id)
    during = await here.db.read(completing.gaps, row.id)
    assert (during.is_running, during.is_due) == (True, False)
    assert not await here.db.write(want_thread, row.id)
    await here.drain()
    assert await here.db.read(completing.gaps, row.id) == Gaps(row.id, found=1)
    assert not await here.db.write(want_thread, row.id)
    assert b.fetches("/answers") == 1
    await here.db.write(_long_ago, row.id)
    assert (await here.db.read(completing.gaps, row.id)).is_due
    assert await here.db.write(want_thread, row.id)


def _long_ago(tx: Tx, root_id: int) -> None:
    threads.forget(tx, tx.now + AGAIN_MS)
    assert threads.asked(tx, root_id) is None


async def test_a_thread_that_names_no_collection_is_never_asked_for(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    plain, ours = await opened(here, b.note(ana)), await here.post(alice, "mine alone")
    for row in (plain, ours):
        assert await here.db.read(completing.gaps, row.id) == Gaps(row.id)
        assert not await here.db.write(want_thread, row.id)


async def test_what_could_not_be_had_is_told(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    collect(b, "/answers", [e.url("/broken"), e.url("/deleted")])
    e.pages["/broken"] = Page(status=500)
    row = await opened(here, root)
    await here.db.write(want_thread, row.id)
    await here.drain()
    assert (await here.db.read(completing.gaps, row.id)).answers
    collect(b, "/answers", [e.url("/deleted")])
    await here.db.write(lambda tx: tx.run(_REST_IS_OVER))
    assert await complete(here, root) == Completed(0, missing=False), "what is gone is not missing"
    assert not (await here.db.read(completing.gaps, row.id)).answers


async def test_a_parent_that_is_not_here_is_told_and_asked_for_again(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    answer = b.note(ana, inReplyTo=b.url("/above"))
    await give(here, ana, b.activity(ana, "Create", answer))
    row = await here.stored(str(answer["id"]))
    assert row is not None
    gaps = await here.db.read(completing.gaps, row.id)
    assert (gaps.parent, gaps.is_due) == (True, True)
    b.note(ana, "/above")
    await here.db.write(lambda tx: tx.run(_REST_IS_OVER))
    await here.db.write(want_thread, row.id)
    await here.drain()
    whole = await here.stored(str(answer["id"]))
    above = await here.stored(b.url("/above"))
    assert whole is not None
    assert above is not None
    assert whole.root_id == above.id
    assert not (await here.db.read(completing.gaps, row.id)).parent
