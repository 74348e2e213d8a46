"""Reporting somebody, or what they wrote."""

from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import Invalid, NotFound
from domain.kinds import ReportCategory
from domain.node import Node
from social import attempts, reports
from social.attempts import Attempt, Pace
from social.reports import Complaint
from storage.queries import reports as stored
from storage.tx import Tx
from storage.views.reports import ReportView, whole
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities.reports import CATEGORIES, Report, report
from web.params import as_id
from web.responses import json
from web.routes import Access, Route, post

REPORTS: Final = Pace(20, 180)
_CATEGORIES: Final[dict[str, ReportCategory]] = {
    name: category for category, name in CATEGORIES.items()
}


async def make(call: Call) -> StreamResponse:
    """POST /api/v1/reports."""
    said = _said(call)
    await count(call)
    made = await call.write(_make, call=call, node=call.node, said=said)
    return json(report(made, call.node, call.viewer))


async def count(call: Call) -> None:
    """A person reports so often, and no more. Raises TooMany."""
    if call.services.rate_limits:
        wanted = [Attempt("reports", str(call.person.actor_id), REPORTS)]
        await call.services.db.write(attempts.take, wanted)


def _make(tx: Tx, *, call: Call, node: Node, said: Complaint) -> ReportView:
    made = reports.report(tx, node=node, reporter=call.viewer, said=said)
    row = stored.by_id(tx, made[0])
    if row is None:
        raise NotFound
    return whole(tx, row, named=False)


def _said(call: Call) -> Complaint:
    params = call.params
    accused = as_id(params.text("account_id"))
    if "account_id" not in params:
        raise BadRequest("account_id is missing")
    if accused is None:
        raise NotFound
    category = _CATEGORIES.get(params.text("category") or "other")
    if category is None:
        raise Invalid("The category is one of other, spam, legal, violation", "category")
    return Complaint(
        accused_id=accused,
        post_ids=tuple(params.ids("status_ids")),
        comment=params.text("comment"),
        category=category,
        rules=tuple(params.ids("rule_ids")),
        forward=params.flag("forward"),
    )


ROUTES: list[Route] = [
    post("/api/v1/reports", make, Access.ACCOUNT, "write:reports", answers=Report),
]
