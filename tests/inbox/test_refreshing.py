"""Actors are asked for again once a day: when they act, when somebody looks, never more often."""

import pytest
from sqlalchemy import bindparam, delete, update

from domain.kinds import Limit, RuleAction
from social.limiting import limit
from social.refreshing import look_again, look_at, want
from storage.database import now_ms
from storage.queries import actors
from storage.queries.origins import set_rule
from storage.tables.actors import actors as table
from storage.tables.actors import key_fetches
from storage.tables.origins import origins
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.giving import give, known
from tests.inbox.home import Home
from tests.support.stranger import Page, Person, Seen, Stranger

_OLD = update(table).where(table.c.id == bindparam("key")).values(fetched_at=1)
_RESTS = update(origins).values(retry_at=bindparam("until"))
_PAUSES = delete(key_fetches).where(key_fetches.c.until > bindparam("never"))


async def grown_old(here: Home, person: Person) -> ActorView:
    """What we know of somebody is older than a day."""
    actor = await known(here, person)
    await here.db.write(lambda tx: tx.run(_OLD, key=actor.id))
    here.restart()
    return await now(here, person)


async def now(here: Home, person: Person) -> ActorView:
    found = await here.db.read(actors.by_uri, person.uri)
    assert found is not None
    return found


@pytest.mark.interop("Person", "in", "asked for again after a day", peer="a stranger")
async def test_who_acts_after_a_day_is_asked_for_again(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await grown_old(here, ana)
    ana.document["name"] = "Ana Maria"
    before = b.fetches(ana.path)
    await give(here, ana, *(b.activity(ana, "Follow", alice.uri) for _ in range(3)))
    assert (await now(here, ana)).name == "Ana Maria"
    assert b.fetches(ana.path) == before + 1


async def test_who_acts_within_the_day_is_not_asked_for(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    before = b.fetches(ana.path)
    await give(here, ana, b.activity(ana, "Follow", alice.uri))
    assert b.fetches(ana.path) == before


async def test_who_is_looked_at_is_asked_for_again_once_an_hour(
    here: Home, b: Stranger, ana: Person
) -> None:
    actor = await grown_old(here, ana)
    ana.document["name"] = "Ana Maria"
    b.pages[ana.path] = Page(status=500)
    before = b.fetches(ana.path)
    for _ in range(3):
        await look_again(here.db, actor, now=now_ms())
        await here.drain()
    assert b.fetches(ana.path) == before + 1
    assert (await now(here, ana)).name == "Ana", "what is old is better than nothing"


async def test_a_server_that_rests_is_not_asked(here: Home, b: Stranger, ana: Person) -> None:
    actor = await grown_old(here, ana)
    await here.db.write(lambda tx: tx.run(_RESTS, until=now_ms() + 600_000))
    before = b.fetches(ana.path)
    await here.db.write(want, actor)
    await here.drain()
    assert b.fetches(ana.path) == before


async def test_the_handle_is_asked_for_again(here: Home, b: Stranger, ana: Person) -> None:
    """Another domain, which vouches for her as well, is hers from now on."""
    other = b.authority.replace("b.localhost", "c.localhost")

    def webfinger(seen: Seen) -> Page:
        link = {"rel": "self", "type": "application/activity+json", "href": ana.uri}
        found = {"subject": f"acct:ana@{other}", "links": [link]}
        return Page(found, type="application/jrd+json")

    await here.db.write(_admit, other)
    b.pages["/.well-known/webfinger"] = webfinger
    await look_at(here.fetcher, ana.uri)
    assert (await now(here, ana)).domain == other


def _admit(tx: Tx, authority: str) -> None:
    set_rule(tx, authority, RuleAction.ALLOW)


@pytest.mark.parametrize("leads_to", ["nobody", "somebody else"])
async def test_a_handle_that_leads_elsewhere_changes_nothing(
    here: Home, b: Stranger, ana: Person, leads_to: str
) -> None:
    bo = b.person("bo", key=2)
    link = {"rel": "self", "type": "application/activity+json", "href": bo.uri}
    page = Page({"links": [link]}, type="application/jrd+json")
    b.pages["/.well-known/webfinger"] = page if leads_to != "nobody" else Page(status=404)
    before = (await now(here, ana)).domain
    await look_at(here.fetcher, ana.uri)
    assert (await now(here, ana)).domain == before


async def test_a_moderators_word_outlives_what_its_server_says(
    here: Home, b: Stranger, ana: Person
) -> None:
    actor = await now(here, ana)
    await here.db.write(limit, node=here.node, actor_id=actor.id, to=Limit.SILENCED)
    for suspended, wanted in ((True, Limit.WITHDRAWN), (False, Limit.SILENCED)):
        ana.document["suspended"] = suspended
        await here.db.write(lambda tx: tx.change(_PAUSES, never=0))
        await look_at(here.fetcher, ana.uri)
        assert (await now(here, ana)).limited is wanted
    await here.db.write(limit, node=here.node, actor_id=actor.id, to=Limit.SUSPENDED)
    ana.document["suspended"] = False
    await look_at(here.fetcher, ana.uri)
    assert (await now(here, ana)).limited is Limit.SUSPENDED
