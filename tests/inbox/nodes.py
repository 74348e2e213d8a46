"""A stranger that behaves as one of our nodes does where agreements are made."""

from typing import Any

import orjson

from activitypub.parse.agreements import SEAL, seal
from activitypub.render import agreements as render
from activitypub.vocabulary import JsonDict
from domain.agreements import OFFER_MS, Terms
from domain.ids import HERE
from domain.kinds import AgreementKind
from federation.discovery import APPLICATION_REL, find_application
from social.agreements import propose
from storage.database import now_ms
from storage.queries import actors, agreements, offers, origins
from storage.queries.agreements import AgreementRow
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.home import Home
from tests.support.stranger import Document, Page, Person, Stranger

CODE = "abcd-efgh-jkmn-pqrs-tvwx"
SISTER = Terms(AgreementKind.SISTER)


def as_node(server: Stranger) -> Person:
    """Its Application actor, which its NodeInfo names."""
    application = server.person("node", kind="Application", key=2)
    name(server, application.uri)
    return application


def name(server: Stranger, uri: Any) -> None:
    """Let its NodeInfo name an actor."""
    links = [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.1", "href": "x"}]
    links.append({"rel": APPLICATION_REL, "href": uri})
    server.pages["/.well-known/nodeinfo"] = Page({"links": links}, type="application/json")


async def ours(here: Home) -> ActorView:
    """Our Application actor."""

    def find(tx: Tx) -> ActorView:
        actor = actors.local_by_handle(tx, "node")
        assert actor is not None
        origins.remember_application(tx, HERE, actor.id)
        return actor

    return await here.db.write(find)


async def offer(here: Home, server: Stranger, terms: Terms = SISTER, code: str = CODE) -> Document:
    """What our admin offers to a node; the document."""
    await ours(here)
    made = await here.db.write(
        propose, node=here.node, domain=server.authority, terms=terms, code=code
    )
    row = await here.db.read(offers.find, made.uri)
    assert row is not None
    found: Document = orjson.loads(row.body)
    return found


async def acceptance(
    here: Home, by: Person, offered: Document, code: str = CODE, **extra: Any
) -> Document:
    """The other node's answer to an offer of ours."""
    about = (await ours(here)).uri
    uri = by.server.activity(by, "Accept", "x")["id"]
    answer = seal(code, "answer", offered)
    document = render.accept(uri, by.uri, about, offer_uri=offered["id"], seal=answer)
    return document | extra


async def met(here: Home, server: Stranger) -> ActorView:
    """Its Application actor as we know it, so that refusals have nothing new to store."""
    return await find_application(here.fetcher.naming(server.authority), server.authority)


async def agreement(here: Home, server: Stranger) -> AgreementRow | None:
    """What stands between that node and ours, or stood."""
    return await here.db.read(agreements.with_authority, server.authority)


def their_offer(
    here: Home, by: Person, terms: Terms = SISTER, *, lapses_in: int = OFFER_MS, **extra: Any
) -> JsonDict:
    """What another node offers to ours."""
    domain = here.node.origin.partition("//")[2]
    uri = by.server.activity(by, "Offer", "x")["id"]
    now = now_ms()
    made = render.offer(uri, by.uri, domain, terms, made_at=now, lapses_at=now + lapses_in)
    return made | extra


def show(by: Person, *items: JsonDict) -> None:
    """Serve offers where our nodes do."""
    by.server.add(f"{by.path}/offers", {"type": "Collection", "items": list(items)})


def sealed(document: JsonDict, code: str = CODE) -> JsonDict:
    """An offer as it is shown."""
    return document | {SEAL: seal(code, "offer", document)}
