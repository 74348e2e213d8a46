"""Moving: to another account, and from one. Nothing but the followers goes along."""

from aiohttp.web import Response, StreamResponse
from msgspec import Struct

from domain.errors import Invalid, NotFound, Problem, TooMany
from social import attempts, moves
from social.attempts import LOGIN, Attempt
from storage.queries import accounts, actors
from storage.tx import Tx
from storage.views.actors import ActorView
from web.call import Call
from web.errors import status_of
from web.pages.rendering import page, see_other
from web.pages.sign_in import passwords
from web.pages.wording import gettext as _
from web.routes import Access, Route, get, post

PATH = "/settings/moving"


class Stored(Struct, frozen=True):
    """Where an account leads, and as whom else it is known: addresses, and whom we know of them."""

    target: str | None
    aliases: tuple[str, ...]
    known: dict[str, ActorView]


async def show(call: Call) -> StreamResponse:
    """GET /settings/moving."""
    return await _form(call)


async def add_alias(call: Call) -> StreamResponse:
    """POST /settings/moving/from: name an old account, which may then move here."""
    try:
        other = await _other(call, call.params.text("account"))
        await call.write(
            moves.add_alias, node=call.node, actor_id=call.person.actor_id, other_id=other.id
        )
    except Invalid as problem:
        return await _form(call, problem, old=call.params.text("account"))
    return see_other(PATH)


async def drop_alias(call: Call) -> StreamResponse:
    """POST /settings/moving/from/remove."""
    _check_full(call)
    await call.write(
        moves.drop_alias,
        node=call.node,
        actor_id=call.person.actor_id,
        uri=call.params.text("account"),
    )
    return see_other(PATH)


async def move(call: Call) -> StreamResponse:
    """POST /settings/moving: with the password, since it cannot be taken back."""
    try:
        await _check_password(call)
        target = await _other(call, call.params.text("account"), fresh=True)
        await call.write(
            moves.move, node=call.node, actor_id=call.person.actor_id, target_id=target.id
        )
    except (Invalid, TooMany) as problem:
        return await _form(call, problem, new=call.params.text("account"))
    return see_other(PATH)


async def stay(call: Call) -> StreamResponse:
    """POST /settings/moving/end: lead nowhere any more."""
    _check_full(call)
    await call.write(moves.end_redirect, node=call.node, actor_id=call.person.actor_id)
    return see_other(PATH)


async def _other(call: Call, name: str, *, fresh: bool = False) -> ActorView:
    """An account that the person names. Guests ask no other server (protocol §1)."""
    _check_full(call)
    return await moves.find_other(call.services.fetcher, node=call.node, name=name, fresh=fresh)


def _check_full(call: Call) -> None:
    if not call.viewer.full:
        raise NotFound


async def _check_password(call: Call) -> None:
    account = await call.read(accounts.by_id, call.person.actor_id)
    if account is None:
        raise NotFound
    if call.address is not None:
        # As many attempts as at the door: a browser left open is no way to try passwords.
        await call.services.db.write(attempts.take, [Attempt("login", f"id {account.id}", LOGIN)])
    verdict = await passwords().verify(account.password_hash, call.params.text("password"))
    if not verdict.fits:
        raise Invalid(_("This is not your password"), "password")


async def _form(
    call: Call, problem: Problem | None = None, *, old: str = "", new: str = ""
) -> Response:
    _check_full(call)
    return await page(
        call,
        "moving.html",
        status=200 if problem is None else status_of(problem),
        stored=await call.read(_stored, call.person.actor_id),
        problem="" if problem is None else problem.message,
        old=old,
        new=new,
    )


def _stored(tx: Tx, actor_id: int) -> Stored:
    me = actors.by_id(tx, actor_id)
    if me is None:
        raise NotFound
    aliases = moves.aliases_of(me)
    wanted = sorted({*aliases, *([me.moved_to] if me.moved_to else [])})
    known = {one.uri: one for one in actors.by_uris(tx, wanted)} if wanted else {}
    return Stored(me.moved_to, aliases, known)


ROUTES: list[Route] = [
    get(PATH, show, Access.SIGNED_IN),
    post(PATH, move, Access.SIGNED_IN),
    post(f"{PATH}/from", add_alias, Access.SIGNED_IN),
    post(f"{PATH}/from/remove", drop_alias, Access.SIGNED_IN),
    post(f"{PATH}/end", stay, Access.SIGNED_IN),
]
