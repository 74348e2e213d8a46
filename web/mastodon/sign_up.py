"""Making an account from inside an app, where the operator lets anybody in.

The app shows what it got by `client_credentials`; the answer is a token for the new person that
works at once, with the scopes of the app's own and no more. What is refused names the field, but
not whether a handle or an address is taken: either could tell of people here (A12).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import Conflict, Invalid, NotAllowed
from domain.handles import check_new_handle
from domain.kinds import Role
from domain.node import Node, Registration
from federation.keyring import NewKeys
from social import accounts, apps, attempts, emails
from social import passwords as rules
from social.apps import Issued
from social.attempts import Attempt, pace_of
from social.signin import Identity
from storage.tx import Tx
from web.call import Call
from web.mastodon.entities import apps as entities
from web.mastodon.entities.errors import Detail
from web.pages.sign_in import passwords
from web.responses import error, json
from web.routes import Access, Route, post

CLOSED: Final = {
    Registration.CLOSED: "Accounts here are made by the admins of this node",
    Registration.INVITE: "People join here by invitation. Please ask somebody who is here.",
}
_TAKEN: Final = "ERR_TAKEN"
_INVALID: Final = "ERR_INVALID"
_BLANK: Final = "ERR_BLANK"
_NOT_ACCEPTED: Final = "ERR_ACCEPTED"


class _RefusedError(Exception):
    """What is wrong, by field."""

    def __init__(self, details: dict[str, list[Detail]]) -> None:
        super().__init__()
        self.details = details


async def sign_up(call: Call) -> StreamResponse:
    """POST /api/v1/accounts."""
    app = _app_that_may(call)
    if call.address is not None:
        wanted = [Attempt("sign-ups", call.address, pace_of(call.services.rates["sign_ups"]))]
        await call.services.db.write(attempts.take, wanted)
    try:
        issued = await _made(call, app)
    except _RefusedError as refused:
        said = ", ".join(one["description"] for some in refused.details.values() for one in some)
        return error(422, f"Validation failed: {said}", details=refused.details)
    return json(entities.token(issued))


def _app_that_may(call: Call) -> Identity:
    """The app that asks. Raises NotAllowed: nobody may, or it is a person who asks."""
    registration = call.node.registration
    if registration is not Registration.OPEN:
        raise NotAllowed(CLOSED[registration])
    if call.identity is None or call.identity.account_id is not None:
        raise NotAllowed("This is for people who have no account yet")
    return call.identity


async def _made(call: Call, app: Identity) -> Issued:
    handle = call.params.text("username").strip().removeprefix("@")
    email, password = call.params.text("email").strip(), call.params.text("password")
    _check(call, handle, email, password)
    hashed = await passwords().hash(password)
    keys = await call.services.keyring.generate()
    try:
        return await call.write(
            _insert,
            *(call.node, app),
            handle=handle,
            email=email,
            password_hash=hashed,
            keys=keys,
        )
    except Conflict as problem:
        said = _detail(_TAKEN, problem.message)
        raise _RefusedError({"username": [said], "email": [said]}) from None


def _insert(
    tx: Tx,
    node: Node,
    app: Identity,
    *,
    handle: str,
    email: str,
    password_hash: str,
    keys: NewKeys,
) -> Issued:
    account_id = accounts.create_account(
        tx,
        node=node,
        role=Role.MEMBER,
        handle=handle,
        email=email,
        password_hash=password_hash,
        keys=keys,
    )
    return apps.issue(tx, app_id=app.app_id, account_id=account_id, granted=app.scopes)


def _check(call: Call, handle: str, email: str, password: str) -> None:
    """Everything that is wrong with the form, at once. Raises _RefusedError."""
    details: dict[str, list[Detail]] = {}
    checks: dict[str, tuple[str, Callable[[], object]]] = {
        "username": (handle, partial(check_new_handle, handle)),
        "email": (email, partial(emails.check, email)),
        "password": (password, partial(rules.check, password, handle, email)),
    }
    for field, (given, check) in checks.items():
        if not given:
            details[field] = [_detail(_BLANK, f"{field} is missing")]
            continue
        try:
            check()
        except Invalid as problem:
            details[field] = [_detail(_INVALID, problem.message)]
    if not call.params.flag("agreement"):
        details["agreement"] = [
            _detail(_NOT_ACCEPTED, "The rules and the privacy policy must be agreed to")
        ]
    if details:
        raise _RefusedError(details)


def _detail(code: str, text: str) -> Detail:
    return {"error": code, "description": text}


ROUTES: list[Route] = [
    post("/api/v1/accounts", sign_up, Access.APP, "write:accounts", answers=entities.Token),
]
