"""What this node is and allows, for apps that have not signed in yet.

What everybody reads is the same for everybody. Which servers this node talks to, and to which it
does not, its full members see, and nobody else (security.md G39).
"""

from collections.abc import Callable
from typing import NamedTuple

from aiohttp.web import Response, StreamResponse

from domain.house import House
from domain.kinds import RuleAction
from domain.node import Node
from social import house
from storage.queries import house as stored
from storage.queries.house import RuleRow
from storage.queries.origins import rules as domain_rules
from storage.queries.peers import peers as known_peers
from storage.tx import Tx
from web.call import Call
from web.mastodon.entities import house as texts
from web.mastodon.entities import instance as entities
from web.responses import json
from web.routes import Access, Handler, Route, get


class _Said(NamedTuple):
    rules: list[RuleRow]
    has_terms: bool


def _said(tx: Tx, node: Node) -> _Said:
    return _Said(house.rules(tx, node=node), House.TERMS in stored.kinds_given(tx))


async def show(call: Call) -> StreamResponse:
    """GET /api/v2/instance."""
    said = await call.read(_said, call.node)
    email = call.services.contact_email
    return json(entities.instance(call.node, email, said.rules, has_terms=said.has_terms))


async def show_v1(call: Call) -> StreamResponse:
    """GET /api/v1/instance."""
    rules = await call.read(house.rules, node=call.node)
    return json(entities.instance_v1(call.node, call.services.contact_email, rules))


async def rules(call: Call) -> StreamResponse:
    """GET /api/v1/instance/rules."""
    found = await call.read(house.rules, node=call.node)
    return json([texts.rule(row) for row in found])


async def extended_description(call: Call) -> StreamResponse:
    """GET /api/v1/instance/extended_description."""
    return json(texts.extended_description(await call.read(house.about, node=call.node)))


async def privacy_policy(call: Call) -> StreamResponse:
    """GET /api/v1/instance/privacy_policy."""
    return json(texts.privacy_policy(await call.read(house.privacy, node=call.node)))


def _terms(day_of: Callable[[Call], str | None]) -> Handler:
    async def show_terms(call: Call) -> StreamResponse:
        return json(await call.read(_held, day_of(call)))

    return show_terms


def _held(tx: Tx, day: str | None) -> texts.TermsOfService:
    return texts.terms_of_service(*house.terms(tx, day), house.today(tx))


async def peers(call: Call) -> StreamResponse:
    """GET /api/v1/instance/peers."""
    if not call.viewer.full:
        return json([])
    return json(await call.services.db.slow(known_peers))


async def domain_blocks(call: Call) -> StreamResponse:
    """GET /api/v1/instance/domain_blocks."""
    if not call.viewer.full:
        return json([])
    found = await call.read(domain_rules)
    blocked = [row for row in found if row.action is RuleAction.BLOCK]
    return json([texts.domain_block(row) for row in blocked])


async def activity(call: Call) -> StreamResponse:
    """GET /api/v1/instance/activity."""
    return json(texts.quiet_weeks(call.services.clock()))


async def languages(_call: Call) -> StreamResponse:
    """GET /api/v1/instance/languages."""
    return json(texts.LANGUAGES)


async def health(_call: Call) -> StreamResponse:
    """GET /health: the web part answers."""
    return Response(text="OK")


_BASE = "/api/v1/instance"
_TERMS = f"{_BASE}/terms_of_service"

ROUTES: list[Route] = [
    get("/health", health, Access.OPEN),
    get(_BASE, show_v1, Access.OPEN, answers=entities.InstanceV1),
    get("/api/v2/instance", show, Access.OPEN, answers=entities.Instance),
    get(f"{_BASE}/rules", rules, Access.OPEN, answers=list[texts.Rule]),
    get(f"{_BASE}/peers", peers, Access.ANYONE, answers=list[str]),
    get(f"{_BASE}/domain_blocks", domain_blocks, Access.ANYONE, answers=list[texts.DomainBlock]),
    get(f"{_BASE}/activity", activity, Access.OPEN, answers=list[texts.Week]),
    get(f"{_BASE}/languages", languages, Access.OPEN, answers=list[texts.Language]),
    get(
        f"{_BASE}/extended_description",
        extended_description,
        Access.OPEN,
        answers=texts.ExtendedDescription,
    ),
    get(f"{_BASE}/privacy_policy", privacy_policy, Access.OPEN, answers=texts.PrivacyPolicy),
    get(_TERMS, _terms(lambda _call: None), Access.OPEN, answers=texts.TermsOfService),
    get(
        f"{_TERMS}/{{date}}",
        _terms(lambda call: call.request.match_info["date"]),
        Access.OPEN,
        answers=texts.TermsOfService,
    ),
]
