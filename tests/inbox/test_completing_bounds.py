"""What other servers list for a thread joins it only if it may, and everything has an end."""

from domain.kinds import RuleAction
from social.completing import Completed, complete_thread, want_thread
from storage.queries import origins
from tests.inbox.completing import collect, complete, opened, paged, texts
from tests.inbox.home import Home
from tests.support.stranger import Page, Person, Stranger

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


async def test_a_vote_is_no_answer(here: Home, b: Stranger, ana: Person) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    vote = b.note(ana, inReplyTo=root["id"], name="yes", content="")
    said = b.note(ana, inReplyTo=root["id"], content="<p>yes</p>")
    collect(b, "/answers", [vote["id"], said["id"]])
    assert (await complete(here, root)).found == 1
    assert await here.stored(str(vote["id"])) is None


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


async def test_D09_time_is_a_budget_too(here: Home, b: Stranger, ana: Person) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    collect(b, "/answers", [b.note(ana, inReplyTo=root["id"])["id"]])
    assert await complete(here, root, seconds=0) == Completed(0, missing=True)
    assert b.fetches("/answers") == 0
