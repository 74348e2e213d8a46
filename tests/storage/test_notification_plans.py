"""What is told to many is found by an index: no statement reads all that everybody was told."""

from typing import Any

import pytest

from storage.dialects import SQLITE
from storage.plans import plans_of
from storage.queries import departures, held_back, notifications
from storage.tx import Tx
from storage.views import held_back as held_back_views
from storage.views import notification_groups
from storage.views import notifications as views

MANY = {"ids", "kinds", "together"}


def steps(tx: Tx, statement: Any) -> list[str]:
    plan = plans_of(SQLITE).get(statement)
    values = plan.values({name: [1] if name in MANY else 1 for name in plan._names})
    return [row[3] for row in tx._session.all("EXPLAIN QUERY PLAN " + plan.text, values)]


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        pytest.param(departures._TOLD, "ix_notifications_from_id (from_id=?)", id="who left"),
        pytest.param(notifications._FORGET_POST, "ix_notifications_post_id (", id="of a post"),
        pytest.param(held_back._OLD, "ix_notifications_held", id="held back for long"),
        pytest.param(held_back_views._WAITING, "ix_notifications_held (actor_id=?", id="waiting"),
        pytest.param(views._LIST.newest, "ix_reports_reporter_id (reporter_id=?", id="reports"),
        pytest.param(
            notification_groups._LIST.newest,
            "ix_notifications_group (actor_id=? AND kind=? AND post_id=? AND id>?)",
            id="the newest of a group",
        ),
    ],
)
def test_what_was_told_is_found_by_index(tx: Tx, statement: Any, index: str) -> None:
    found = steps(tx, statement)
    assert any(index in step for step in found), found
    scanned = [step for step in found if step.startswith("SCAN")]
    assert not [step for step in scanned if "notifications" in step and "_held" not in step], found


def test_whom_posts_name_is_found_in_order_and_without_asking_whose_words_they_are(tx: Tx) -> None:
    found = steps(tx, notifications._NAMED)
    assert not [step for step in found if "TEMP B-TREE" in step or "SCAN notifications" in step]
    assert [step for step in found if " news " in step] == [
        "SEARCH news USING INTEGER PRIMARY KEY (rowid=?)"
    ]
    assert not [step for step in found if " words " in step]
