"""A report as Mastodon's Report."""

from typing import Final, Literal, TypedDict

from domain.audience import Viewer
from domain.kinds import ReportCategory
from domain.node import Node
from storage.views.reports import ReportView
from web.mastodon.entities.accounts import Account, account
from web.mastodon.entities.formats import Id, Moment
from web.mastodon.entities.times import moment

Category = Literal["other", "spam", "legal", "violation"]


class Report(TypedDict):
    """What somebody told the moderators."""

    id: Id
    action_taken: bool
    action_taken_at: Moment | None
    category: Category
    comment: str
    forwarded: bool
    created_at: Moment
    status_ids: list[Id] | None
    rule_ids: list[Id] | None
    collection_ids: None
    target_account: Account | None


CATEGORIES: Final[dict[ReportCategory, Category]] = {
    ReportCategory.OTHER: "other",
    ReportCategory.SPAM: "spam",
    ReportCategory.LEGAL: "legal",
    ReportCategory.VIOLATION: "violation",
}


def report(view: ReportView, node: Node, viewer: Viewer) -> Report:
    """A Report, for who made it and for moderators."""
    row = view.row
    return {
        "id": str(row.id),
        "action_taken": not view.is_open,
        "action_taken_at": None if row.closed_at is None else moment(row.closed_at),
        "category": CATEGORIES[row.category],
        "comment": row.comment,
        "forwarded": row.forwarded,
        "created_at": moment(row.created_at),
        "status_ids": [str(one) for one in view.post_ids] or None,
        "rule_ids": [str(one) for one in view.rules] or None,
        "collection_ids": None,
        "target_account": None if view.accused is None else account(view.accused, node, viewer),
    }
