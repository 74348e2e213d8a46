"""Getting an account: by the first admin's link, by invitation, or where anybody may join."""

from collections.abc import Callable
from typing import Final

from aiohttp.web import Response, StreamResponse
from msgspec import Struct

from domain.errors import Conflict, Invalid, NotFound, Problem
from domain.handles import check_new_handle
from domain.kinds import LinkPurpose, Role
from domain.node import Node, Registration
from federation.keyring import NewKeys
from social import accounts, attempts, emails
from social import passwords as rules
from social.attempts import LINKS, Attempt, Pace
from social.signin import begin_session
from storage.tx import Tx
from web.call import Call
from web.errors import status_of
from web.pages import cookies
from web.pages.rendering import page, see_other
from web.pages.sign_in import passwords
from web.routes import Access, Route, get, post

WELCOMES: Final = frozenset({LinkPurpose.FIRST_ADMIN, LinkPurpose.INVITE})
Make = Callable[..., int]


class Wish(Struct, frozen=True):
    """What a new person typed, as it is shown again after a mistake; never the password."""

    handle: str = ""
    email: str = ""


async def show_welcome(call: Call) -> StreamResponse:
    """GET /welcome/{token}: the form of a one-use link, which is not used up by looking."""
    link = await call.read(accounts.link_for, secret=_token(call), purposes=WELCOMES)
    return await _form(call, Wish(), link.role, first=link.purpose is LinkPurpose.FIRST_ADMIN)


async def welcome(call: Call) -> StreamResponse:
    """POST /welcome/{token}: makes the account and signs the person in."""
    cookies.check_form(call)
    await _count(call, "links", LINKS)
    secret = _token(call)
    link = await call.read(accounts.link_for, secret=secret, purposes=WELCOMES)

    def make(tx: Tx, **account: object) -> int:
        return accounts.redeem_link(tx, node=call.node, secret=secret, **account)  # type: ignore[arg-type]

    first = link.purpose is LinkPurpose.FIRST_ADMIN
    return await _made(call, make, link.role, first=first)


async def show_join(call: Call) -> StreamResponse:
    """GET /join, where the operator lets anybody in."""
    _check_open(call.node)
    return await _form(call, Wish(), Role.MEMBER, first=False)


async def join(call: Call) -> StreamResponse:
    """POST /join."""
    _check_open(call.node)
    cookies.check_form(call)
    await _count(call, "sign-ups", attempts.pace_of(call.services.rates["sign_ups"]))

    def make(tx: Tx, **account: object) -> int:
        return accounts.create_account(tx, node=call.node, role=Role.MEMBER, **account)  # type: ignore[arg-type]

    return await _made(call, make, Role.MEMBER, first=False)


def _check_open(node: Node) -> None:
    if node.registration is not Registration.OPEN:
        raise NotFound


def _token(call: Call) -> str:
    return call.request.match_info["token"]


async def _count(call: Call, purpose: str, pace: Pace) -> None:
    if call.address is not None:
        await call.services.db.write(attempts.take, [Attempt(purpose, call.address, pace)])


async def _made(call: Call, make: Make, role: Role, *, first: bool) -> Response:
    """The account and its session; or the form again, with what was typed and what to change."""
    wish = Wish(call.params.text("handle").strip().removeprefix("@"), _email(call))
    try:
        password = _checked(call, wish)
        secret = await _stored(call, make, wish, password)
    except (Invalid, Conflict) as problem:
        return await _form(call, wish, role, first=first, problem=problem)
    response = see_other("/")
    cookies.begin(call, response, secret)
    return response


def _email(call: Call) -> str:
    return call.params.text("email").strip()


def _checked(call: Call, wish: Wish) -> str:
    """The password, if everything is as it must be: asked before the costly work."""
    check_new_handle(wish.handle)
    emails.check(wish.email)
    return rules.check(call.params.text("password"), wish.handle, wish.email)


async def _stored(call: Call, make: Make, wish: Wish, password: str) -> str:
    services = call.services
    hashed = await passwords().hash(password)
    keys = await services.keyring.generate()
    old = cookies.session_secret(call)
    return await services.db.write(
        _insert, make=make, wish=wish, password_hash=hashed, keys=keys, old=old
    )


def _insert(
    tx: Tx, *, make: Make, wish: Wish, password_hash: str, keys: NewKeys, old: str | None
) -> str:
    account_id = make(
        tx, handle=wish.handle, email=wish.email, password_hash=password_hash, keys=keys
    )
    return begin_session(tx, account_id=account_id, old_secret=old)


async def _form(
    call: Call, wish: Wish, role: Role, *, first: bool, problem: Problem | None = None
) -> Response:
    return await page(
        call,
        "welcome.html",
        status=200 if problem is None else status_of(problem),
        wish=wish,
        role=role,
        first=first,
        action=call.request.rel_url.raw_path,
        problem="" if problem is None else problem.message,
        field="" if not isinstance(problem, Invalid) else problem.field or "",
        shortest=rules.SHORTEST,
    )


# Invitations.


async def show_invitations(call: Call) -> StreamResponse:
    """GET /invitations, for moderators and admins where the operator allows invitations."""
    _check_may_invite(call)
    return await page(call, "invitations.html", link="", role=Role.MEMBER)


async def invite(call: Call) -> StreamResponse:
    """POST /invitations: a link for one person, shown this once."""
    _check_may_invite(call)
    role = Role.GUEST if call.params.text("role") == "guest" else Role.MEMBER
    secret = await call.write(accounts.invite, role=role)
    link = f"{call.node.origin}/welcome/{secret}"
    return await page(call, "invitations.html", link=link, role=role)


def may_invite(call: Call) -> bool:
    """Whether this person makes invitations here."""
    allowed = call.node.registration is not Registration.CLOSED
    return allowed and call.is_signed_in and call.person.role >= Role.MODERATOR


def _check_may_invite(call: Call) -> None:
    if not may_invite(call):
        raise NotFound


ROUTES: list[Route] = [
    get("/welcome/{token}", show_welcome, Access.BROWSER),
    post("/welcome/{token}", welcome, Access.BROWSER),
    get("/join", show_join, Access.BROWSER),
    post("/join", join, Access.BROWSER),
    get("/invitations", show_invitations, Access.SIGNED_IN),
    post("/invitations", invite, Access.SIGNED_IN),
]
