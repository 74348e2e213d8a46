"""Of whom somebody wants to hear: who waits to be heard, and what is held back from now on."""

from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import Invalid
from domain.notifying import Policy, Stance
from social import hearing
from storage.queries import policies
from storage.tx import Tx
from storage.views import held_back
from storage.views.held_back import RequestView
from storage.views.paging import Page
from web.call import Call
from web.pages.listing import listing_of, page_of
from web.pages.rendering import page, see_other
from web.pages.wording import gettext as _
from web.routes import Access, Route, get, post

PATH: Final = "/notifications/waiting"
_NAMES: Final = {"tell": Stance.ACCEPT, "hold": Stance.FILTER, "drop": Stance.DROP}


def rules() -> dict[str, str]:
    """Whom each rule of a policy means, in plain words."""
    return {
        "not_following": _("People whom you do not follow"),
        "not_followers": _("People who do not follow you, or only since a few days ago"),
        "new_accounts": _("Accounts that are younger than thirty days"),
        "private_mentions": _("Private words that you did not ask for"),
        "limited_accounts": _("People whom moderators have limited"),
    }


def stances() -> list[tuple[str, Stance, str]]:
    """What can be chosen: its name in the form, and in plain words."""
    words = {"tell": _("Tell me"), "hold": _("Hold back"), "drop": _("Leave out")}
    return [(name, stance, words[name]) for name, stance in _NAMES.items()]


async def show(call: Call) -> StreamResponse:
    """GET /notifications/waiting."""
    asked = page_of(call)
    policy, waiting = await call.read(_standing, call, asked)
    listing = listing_of(call, asked, [], [one.id for one in waiting])
    return await page(
        call,
        "hearing.html",
        waiting=waiting,
        listing=listing,
        policy=policy,
        rules=rules(),
        stances=stances(),
        saved=call.request.query.get("saved") == "1",
    )


def _standing(tx: Tx, call: Call, asked: Page) -> tuple[Policy, list[RequestView]]:
    return policies.of(tx, call.person.actor_id), held_back.page(tx, call.viewer, asked)


async def choose(call: Call) -> StreamResponse:
    """POST /notifications/waiting: the policy. What was not sent stays as it is.

    Raises:
        Invalid: a choice that there is not.
    """
    sent = {rule: call.params.maybe(rule) for rule in Policy.__struct_fields__}
    if any(name is not None and name not in _NAMES for name in sent.values()):
        raise Invalid(_("There is no such choice"))
    chosen = {rule: _NAMES[name] for rule, name in sent.items() if name is not None}
    await call.write(hearing.change, actor_id=call.person.actor_id, chosen=chosen)
    return see_other(f"{PATH}?saved=1")


async def accept(call: Call) -> StreamResponse:
    """POST /notifications/waiting/{id}/accept."""
    me = call.person.actor_id
    await call.write(hearing.accept, actor_id=me, request_ids=[call.id()], each=True)
    return see_other(PATH)


async def dismiss(call: Call) -> StreamResponse:
    """POST /notifications/waiting/{id}/dismiss."""
    me = call.person.actor_id
    await call.write(hearing.dismiss, actor_id=me, request_ids=[call.id()], each=True)
    return see_other(PATH)


ROUTES: list[Route] = [
    get(PATH, show, Access.SIGNED_IN),
    post(PATH, choose, Access.SIGNED_IN),
    post(f"{PATH}/{{id}}/accept", accept, Access.SIGNED_IN),
    post(f"{PATH}/{{id}}/dismiss", dismiss, Access.SIGNED_IN),
]
