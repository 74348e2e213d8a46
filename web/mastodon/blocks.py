"""Blocking and muting people, shutting servers out, and the lists of these."""

from collections.abc import Callable

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.node import Node
from social import blocks, domain_blocks, mutes
from storage.queries.domain_blocks import listed
from storage.tx import Tx
from storage.views import relationships
from storage.views.blocked import blocked, muted
from storage.views.relationships import Relationship
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities.accounts import (
    Account,
    MutedAccount,
    Relation,
    account,
    muted_account,
    relationship,
)
from web.mastodon.entities.formats import Nothing
from web.mastodon.paging import PEOPLE, links, page_of
from web.responses import empty, json
from web.routes import Access, Route, delete, get, post

DOMAINS = 100
Known = Callable[[Tx, int, int], bool]


async def block(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/block."""
    stands = await call.write(_block, call=call, node=call.node)
    return json(relationship(stands))


def _block(tx: Tx, *, call: Call, node: Node) -> Relationship:
    _check_known(tx, call)
    blocks.block(tx, node=node, actor_id=call.person.actor_id, other_id=call.id())
    return _standing(tx, call)


async def unblock(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/unblock."""
    stands = await call.write(_unblock, call=call, node=call.node)
    return json(relationship(stands))


def _unblock(tx: Tx, *, call: Call, node: Node) -> Relationship:
    """Whoever was blocked may be let back, even by who may not know of them otherwise any more."""
    _check_known(tx, call, blocks.blocks_somebody)
    blocks.unblock(tx, node=node, actor_id=call.person.actor_id, other_id=call.id())
    return _standing(tx, call)


async def mute(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/mute."""
    notifications = call.params.flag("notifications", default=True)
    seconds = call.params.integer("duration") or 0
    stands = await call.write(_mute, call=call, notifications=notifications, seconds=seconds)
    return json(relationship(stands))


def _mute(tx: Tx, *, call: Call, notifications: bool, seconds: int) -> Relationship:
    _check_known(tx, call, mutes.mutes_somebody)
    mutes.mute(
        tx,
        actor_id=call.person.actor_id,
        other_id=call.id(),
        notifications=notifications,
        seconds=seconds,
    )
    return _standing(tx, call)


async def unmute(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/unmute."""
    return json(relationship(await call.write(_unmute, call=call)))


def _unmute(tx: Tx, *, call: Call) -> Relationship:
    _check_known(tx, call, mutes.mutes_somebody)
    mutes.unmute(tx, actor_id=call.person.actor_id, other_id=call.id())
    return _standing(tx, call)


def _check_known(tx: Tx, call: Call, tied: Known | None = None) -> None:
    """Raises NotFound for whom the caller may not know of, unless the two are tied already."""
    if relationships.load(tx, call.viewer, [call.id()]):
        return
    if tied is None or not tied(tx, call.person.actor_id, call.id()):
        raise NotFound


def _standing(tx: Tx, call: Call) -> Relationship:
    after = relationships.load(tx, call.viewer, [call.id()])
    return after[0] if after else Relationship(call.id())


async def index(call: Call) -> StreamResponse:
    """GET /api/v1/blocks."""
    lines = await call.read(blocked, call.viewer, page_of(call, PEOPLE))
    shown = [account(line.actor, call.node, call.viewer) for line in lines]
    return json(shown, headers=links(call, [line.cursor for line in lines]))


async def muted_people(call: Call) -> StreamResponse:
    """GET /api/v1/mutes."""
    lines = await call.read(muted, call.viewer, page_of(call, PEOPLE))
    shown = [muted_account(line, call.node, call.viewer) for line in lines]
    return json(shown, headers=links(call, [line.cursor for line in lines]))


async def servers(call: Call) -> StreamResponse:
    """GET /api/v1/domain_blocks."""
    lines = await call.read(listed, call.person.actor_id, page_of(call, DOMAINS))
    return json([domain for _, domain in lines], headers=links(call, [key for key, _ in lines]))


async def shut_out(call: Call) -> StreamResponse:
    """POST /api/v1/domain_blocks."""
    domain = domain_blocks.domain_of(call.node, _domain(call))
    me, node = call.person.actor_id, call.node
    await call.write(domain_blocks.shut_out, node=node, actor_id=me, domain=domain)
    return empty()


async def let_in(call: Call) -> StreamResponse:
    """DELETE /api/v1/domain_blocks."""
    domain = domain_blocks.domain_of(call.node, _domain(call))
    await call.write(domain_blocks.let_in, actor_id=call.person.actor_id, domain=domain)
    return empty()


def _domain(call: Call) -> str:
    domain = call.params.text("domain").strip()
    if not domain:
        raise BadRequest("domain is missing: which server?")
    return domain


ROUTES: list[Route] = [
    get("/api/v1/blocks", index, Access.ACCOUNT, "read:blocks", answers=list[Account]),
    get("/api/v1/mutes", muted_people, Access.ACCOUNT, "read:mutes", answers=list[MutedAccount]),
    *(
        post(f"/api/v1/accounts/{{id}}/{verb}", handler, Access.ACCOUNT, scope, answers=Relation)
        for verb, handler, scope in (
            ("block", block, "write:blocks"),
            ("unblock", unblock, "write:blocks"),
            ("mute", mute, "write:mutes"),
            ("unmute", unmute, "write:mutes"),
        )
    ),
    get("/api/v1/domain_blocks", servers, Access.ACCOUNT, "read:blocks", answers=list[str]),
    post("/api/v1/domain_blocks", shut_out, Access.ACCOUNT, "write:blocks", answers=Nothing),
    delete("/api/v1/domain_blocks", let_in, Access.ACCOUNT, "write:blocks", answers=Nothing),
]
