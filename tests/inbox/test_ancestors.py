"""What a reply answers is fetched, within a budget."""

import pytest

from domain.kinds import NotificationKind
from social.ancestors import MOST
from storage.views.actors import ActorView
from tests.inbox.giving import give, known
from tests.inbox.home import Home
from tests.support.stranger import Person, Stranger


async def told(here: Home) -> list[NotificationKind]:
    return [row[2] for row in sorted(await here.rows("notifications"))]


# Ancestors.


@pytest.mark.interop("inReplyTo", "in", "what is answered is fetched, upwards", peer="a stranger")
async def test_what_a_reply_answers_is_fetched(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    root = e.note(mallory)
    middle = b.note(ana, inReplyTo=root["id"])
    reply = b.note(ana, inReplyTo=middle["id"])
    await give(here, ana, b.activity(ana, "Create", reply))
    rows = [await here.stored(note["id"]) for note in (root, middle, reply)]
    assert all(rows)
    assert len({row.root_id for row in rows if row is not None}) == 1
    assert await told(here) == []


async def test_D09_a_thread_without_end_stops_at_the_budget(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    for number in range(MOST + 10):
        b.note(ana, f"/deep/{number}", inReplyTo=b.url(f"/deep/{number + 1}"))
    start = b.note(ana, "/deep/start", inReplyTo=b.url("/deep/0"))
    await give(here, ana, b.activity(ana, "Create", start))
    assert len(await here.rows("posts")) == MOST + 1


async def test_D09_a_thread_that_answers_itself_ends(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    one = b.note(ana, "/one", inReplyTo=b.url("/two"))
    b.note(ana, "/two", inReplyTo=b.url("/one"))
    await give(here, ana, b.activity(ana, "Create", one))
    assert len(await here.rows("posts")) == 2


async def test_a_missing_ancestor_is_no_harm(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana, inReplyTo=b.url("/gone"))
    await give(here, ana, b.activity(ana, "Create", note))
    assert await here.stored(note["id"]) is not None
