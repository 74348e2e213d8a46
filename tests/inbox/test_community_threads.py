"""A gap in a community's thread is filled by the community alone, for a member (protocol §5)."""

import pytest

from domain.kinds import MembershipState
from social import completing
from social.completing import Completed, complete_thread
from storage.queries import communities
from storage.views.actors import ActorView
from tests.inbox.gathering import Place, Writer, join, place, set_state, writer
from tests.inbox.home import Home
from tests.support.stranger import Document, Page, Stranger

THREAD, HISTORY = "/t/1", "/t/1/history"


@pytest.fixture
async def lifting(here: Home, b: Stranger, alice: ActorView) -> Place:
    return await place(here, b, alice)


@pytest.fixture
def cy() -> Writer:
    return writer()


def tells_thread(where: Place, *announces: Document) -> None:
    """The thread's collection leads to what was announced in it."""
    url = where.server.url
    members = {"type": "OrderedCollection", "attributedTo": where.uri}
    where.server.add(THREAD, members | {"contextHistory": url(HISTORY)})
    page = f"{url(HISTORY)}/page"
    where.server.add(HISTORY, {"type": "OrderedCollection", "first": page})
    where.server.add(
        f"{HISTORY}/page", {"type": "OrderedCollectionPage", "orderedItems": list(announces)}
    )


async def a_gap(where: Place, cy: Writer) -> tuple[Document, Document]:
    """An answer was announced here, what it answers was not."""
    root = where.create(cy, "root")
    answer = where.create(cy, "answer", inReplyTo=root["object"]["id"])
    thread = where.server.url(THREAD)
    tells_thread(where, where.announce(root, where.card(cy), context=thread))
    await where.says(answer, where.card(cy), context=thread)
    return root, answer


@pytest.mark.both
@pytest.mark.interop("context", "in", "a community's thread is read up from it", peer="a stranger")
async def test_what_is_missing_in_a_communitys_thread_is_read_up(
    here: Home, lifting: Place, alice: ActorView, cy: Writer
) -> None:
    root, answer = await a_gap(lifting, cy)
    rows = [await here.stored(one["object"]["id"]) for one in (root, answer)]
    assert rows[0] is not None
    assert rows[1] is not None
    assert rows[1].root_id == rows[0].id == rows[1].reply_to_id
    assert rows[1].context_uri == lifting.server.url(THREAD)
    asked = [seen for seen in lifting.server.seen if seen.path in {THREAD, HISTORY}]
    assert len(asked) == 2
    assert all(f"{alice.uri}#" in seen.headers["signature"] for seen in asked)
    assert not (await here.db.read(completing.gaps, rows[1].id)).is_any
    assert await here.rows("notifications") == []


async def test_a_threads_past_is_never_shown_to_whose_removal_got_lost(
    here: Home, lifting: Place, alice: ActorView, cy: Writer
) -> None:
    ben = await here.someone("ben")
    await join(lifting, ben)
    lifting.ours.remove(ben.uri)
    root, _ = await a_gap(lifting, cy)
    assert await here.stored(root["object"]["id"]) is not None
    row = await here.db.read(communities.member, lifting.actor.id, ben.id)
    assert row is not None
    assert row.state is MembershipState.REMOVED
    asked = [seen.path for seen in lifting.server.seen]
    assert asked.index(f"{lifting.person.path}/followers_sync") < asked.index(THREAD)


async def test_no_thread_is_read_up_while_nobody_says_who_belongs(
    here: Home, lifting: Place, cy: Writer
) -> None:
    lifting.server.pages[f"{lifting.person.path}/followers_sync"] = Page(status=503)
    root, answer = await a_gap(lifting, cy)
    assert await here.stored(root["object"]["id"]) is None
    assert lifting.server.fetches(THREAD) == 0
    row = await here.stored(answer["object"]["id"])
    assert row is not None
    assert (await here.db.read(completing.gaps, row.id)).answers


async def test_T3_a_context_on_another_server_is_not_asked(
    here: Home, lifting: Place, e: Stranger, cy: Writer
) -> None:
    answer = lifting.create(cy, "answer", inReplyTo=cy.new_id("o"))
    e.add(THREAD, {"type": "OrderedCollection", "contextHistory": e.url(HISTORY)})
    await lifting.says(answer, lifting.card(cy), context=e.url(THREAD))
    row = await here.stored(answer["object"]["id"])
    assert row is not None
    assert row.context_uri is None
    assert e.seen == []
    assert (await here.db.read(completing.gaps, row.id)).parent


async def test_T3_only_a_member_asks(
    here: Home, lifting: Place, alice: ActorView, cy: Writer
) -> None:
    lifting.server.pages[THREAD] = Page(status=503)
    answer = lifting.create(cy, "answer", inReplyTo=cy.new_id("o"))
    await lifting.says(answer, lifting.card(cy), context=lifting.server.url(THREAD))
    row = await here.stored(answer["object"]["id"])
    assert row is not None
    assert lifting.server.fetches(THREAD) == 1
    assert (await here.db.read(completing.gaps, row.id)).answers
    await set_state(lifting, alice, MembershipState.LEFT)
    assert await complete_thread(here.fetcher, root_id=row.id) == Completed(0, missing=True)
    assert lifting.server.fetches(THREAD) == 1


async def test_O01_what_is_read_up_is_checked_like_what_is_announced(
    here: Home, lifting: Place, cy: Writer
) -> None:
    root = lifting.create(cy, "root")
    answer = lifting.create(cy, "answer", inReplyTo=root["object"]["id"])
    forged = root | {"object": root["object"] | {"content": "<p>bought</p>"}}
    thread = lifting.server.url(THREAD)
    tells_thread(lifting, lifting.announce(forged, lifting.card(cy)), root, {})
    await lifting.says(answer, lifting.card(cy), context=thread)
    assert await here.stored(root["object"]["id"]) is None
    row = await here.stored(answer["object"]["id"])
    assert row is not None
    tells_thread(lifting, lifting.announce(root, lifting.card(cy)))
    assert (await complete_thread(here.fetcher, root_id=row.id)).found == 1
    assert await here.stored(root["object"]["id"]) is not None
