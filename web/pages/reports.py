"""Reporting somebody, and looking at what was reported: for moderators, and stewards of a place."""

from collections.abc import Callable
from typing import Final

from aiohttp.web import Response, StreamResponse
from msgspec import Struct

from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import Limit, ReportCategory, ReportState, Role
from domain.node import Node
from social import limiting, taking_down
from social import reports as use
from social.house import rules as held_rules
from social.house import rules_named
from social.reports import LONGEST_COMMENT, LONGEST_NOTE, Complaint
from storage.tx import Tx
from storage.views import people, reports
from storage.views.actors import ActorView
from storage.views.posts import PostView, visible
from storage.views.reports import ReportView
from web.call import Call
from web.errors import status_of
from web.mastodon.reports import count
from web.pages.listing import Listing, listing_of, page_of
from web.pages.rendering import page, see_other
from web.pages.wording import gettext as _
from web.params import as_id
from web.routes import Access, Handler, Route, get, post

CATEGORIES: Final = (
    (ReportCategory.OTHER, _("Something else")),
    (ReportCategory.SPAM, _("Advertising, or the same thing again and again")),
    (ReportCategory.VIOLATION, _("It hurts somebody, or is against our rules")),
    (ReportCategory.LEGAL, _("It is against the law")),
)
_LIMITS: Final = {"silence": Limit.SILENCED, "suspend": Limit.SUSPENDED, "free": Limit.NONE}


class _About(Struct, frozen=True):
    """Whom a report is about, and which post."""

    accused: ActorView
    post: PostView | None


# Reporting.


async def show_form(call: Call) -> StreamResponse:
    """GET /report?person= or ?post=: what is to be reported, and why."""
    return await _form(call, await call.read(_about, call=call), "", ReportCategory.OTHER)


def _about(tx: Tx, *, call: Call) -> _About:
    """Raises NotFound for what the person may not see, and for nothing at all."""
    post_id, person_id = as_id(call.params.text("post")), as_id(call.params.text("person"))
    if post_id is not None:
        found = visible(tx, post_id, call.viewer).shown
        return _About(people.person(tx, call.viewer, found.author.id), found)
    if person_id is None:
        raise NotFound
    return _About(people.person(tx, call.viewer, person_id), None)


async def send(call: Call) -> StreamResponse:
    """POST /report."""
    about = await call.read(_about, call=call)
    comment, category = call.params.text("comment"), _category(call)
    said = Complaint(
        accused_id=about.accused.id,
        post_ids=(about.post.id,) if about.post is not None else (),
        comment=comment,
        category=category,
        rules=tuple(call.params.ids("rules")),
        forward=call.params.flag("forward"),
    )
    await count(call)
    try:
        await call.write(use.report, node=call.node, reporter=call.viewer, said=said)
    except (Invalid, NotAllowed) as problem:
        return await _form(call, about, comment, category, problem)
    return await page(call, "reported.html", accused=about.accused)


def _category(call: Call) -> ReportCategory:
    number = call.params.text("category")
    return next((one for one, _words in CATEGORIES if str(int(one)) == number), CATEGORIES[0][0])


async def _form(
    call: Call,
    about: _About,
    comment: str,
    category: ReportCategory,
    problem: Invalid | NotAllowed | None = None,
) -> Response:
    return await page(
        call,
        "report.html",
        status=200 if problem is None else status_of(problem),
        about=about,
        comment=comment,
        chosen=category,
        rules=await call.read(held_rules, node=call.node),
        broken=call.params.ids("rules"),
        categories=CATEGORIES,
        longest=LONGEST_COMMENT,
        problem="" if problem is None else problem.message,
    )


# Looking at them.


async def index(call: Call) -> StreamResponse:
    """GET /reports: what this person looks at, the newest first."""
    asked = page_of(call)
    closed = call.request.query.get("closed") == "1"
    found = await call.read(
        reports.page,
        call.person.actor_id,
        asked,
        moderator=_is_moderator(call),
        state=ReportState.CLOSED if closed else ReportState.OPEN,
    )
    listing: Listing = listing_of(call, asked, [], [one.row.id for one in found])
    return await page(call, "reports.html", found=found, listing=listing, closed=closed)


def _is_moderator(call: Call) -> bool:
    return call.person.role >= Role.MODERATOR


async def show(call: Call) -> StreamResponse:
    """GET /reports/{id}."""
    return await _shown(call)


async def _shown(call: Call, problem: Invalid | NotAllowed | None = None) -> Response:
    found: ReportView | None = await call.read(
        reports.one, call.person.actor_id, call.id(), moderator=_is_moderator(call)
    )
    if found is None:
        raise NotFound
    return await page(
        call,
        "report-shown.html",
        rules=await call.read(rules_named, found.rules, node=call.node),
        status=200 if problem is None else status_of(problem),
        report=found,
        may_limit=_is_moderator(call),
        Limit=Limit,
        categories=dict(CATEGORIES),
        longest=LONGEST_NOTE,
        problem="" if problem is None else problem.message,
    )


def _acting(act: Callable[..., None]) -> Handler:
    async def handle(call: Call) -> StreamResponse:
        note = call.params.text("note")
        try:
            await call.write(act, report_id=call.id(), by_id=call.person.actor_id, note=note)
        except (Invalid, NotAllowed) as problem:
            return await _shown(call, problem)
        return see_other(f"/reports/{call.id()}")

    return handle


def _annotate(tx: Tx, *, report_id: int, by_id: int, note: str) -> None:
    use.annotate(tx, report_id=report_id, by_id=by_id, text=note)


async def take_down(call: Call) -> StreamResponse:
    """POST /reports/{id}/take-down: one of the posts, out of its community or for good."""
    post_id = as_id(call.params.text("post"))
    if post_id is None:
        raise NotFound
    try:
        await call.write(
            taking_down.take_down,
            node=call.node,
            report_id=call.id(),
            post_id=post_id,
            by_id=call.person.actor_id,
            reason=call.params.text("note")[:LONGEST_NOTE],
        )
    except NotAllowed as problem:
        return await _shown(call, problem)
    return see_other(f"/reports/{call.id()}")


async def limit(call: Call) -> StreamResponse:
    """POST /reports/{id}/limit: silence or suspend whom the report is about, or set them free."""
    to = _LIMITS.get(call.params.text("to"))
    if to is None or not _is_moderator(call):
        raise NotFound
    try:
        await call.write(_limit, call=call, node=call.node, to=to)
    except (Invalid, NotAllowed) as problem:
        return await _shown(call, problem)
    return see_other(f"/reports/{call.id()}")


def _limit(tx: Tx, *, call: Call, node: Node, to: Limit) -> None:
    found = reports.one(tx, call.person.actor_id, call.id(), moderator=True)
    if found is None:
        raise NotFound
    limiting.limit(
        tx,
        node=node,
        actor_id=found.row.accused_id,
        to=to,
        by_id=call.person.actor_id,
        reason=call.params.text("note")[:LONGEST_NOTE],
        report_id=found.row.id,
    )


_ONE: Final = "/reports/{id}"

ROUTES: list[Route] = [
    get("/report", show_form, Access.SIGNED_IN),
    post("/report", send, Access.SIGNED_IN),
    get("/reports", index, Access.SIGNED_IN),
    get(_ONE, show, Access.SIGNED_IN),
    post(f"{_ONE}/close", _acting(use.close), Access.SIGNED_IN),
    post(f"{_ONE}/reopen", _acting(use.reopen), Access.SIGNED_IN),
    post(f"{_ONE}/note", _acting(_annotate), Access.SIGNED_IN),
    post(f"{_ONE}/limit", limit, Access.SIGNED_IN),
    post(f"{_ONE}/take-down", take_down, Access.SIGNED_IN),
]
