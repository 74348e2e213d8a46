"""A page of notifications costs a fixed number of statements, whatever is on it, for whomever."""

from typing import Any

import pytest

from domain.audience import Audience, Viewer
from domain.kinds import NotificationKind, Role
from domain.notifying import Policy, Stance
from social.hearing import choose
from social.notifications import notify
from social.reports import Complaint, close, report
from storage.queries import accounts
from storage.tx import Tx
from storage.views import held_back, notification_groups, notifications
from storage.views.notifications import Wanted
from storage.views.paging import Page
from tests.storage.test_post_views import Counting
from tests.support.factories import (
    NODE,
    add_community,
    add_membership,
    add_node,
    add_person,
    add_post,
    add_remote,
    guest,
    member,
)

ABOUT_POSTS = tuple(
    kind
    for kind in NotificationKind
    if kind
    not in {
        *(NotificationKind.FOLLOW, NotificationKind.FOLLOW_REQUEST),
        *(NotificationKind.MOVED, NotificationKind.REPORT),
    }
)


class Mixed:
    """Somebody who is told everything there is, of public, private and community posts."""

    def __init__(self, tx: Tx, role: Role) -> None:
        self.tx = tx
        add_node(tx)
        self.me = add_person(tx, "me", role=role)
        self.club = add_community(tx, "club")
        self.viewer: Viewer = member(self.me) if role >= Role.MEMBER else guest(self.me)
        self.counted = 0
        add_membership(tx, self.club, self.me)

    def tell_everything(self) -> None:
        """Another person does all that there is to tell of."""
        self.counted += 1
        who = add_remote(self.tx, f"p{self.counted}", moved_to="https://far.example/a/x")
        kinds = (
            *(Audience.public(), Audience.direct(), Audience.community(self.club)),
            *(Audience.public(), Audience.public()),
        )
        for number, kind in enumerate(ABOUT_POSTS):
            audience = kinds[number % len(kinds)]
            place = self.club if audience == Audience.community(self.club) else None
            post = add_post(self.tx, who, audience, named=(self.me,), place_id=place, tags=("tag",))
            self.tell(who, kind, post)
        for kind in (NotificationKind.FOLLOW, NotificationKind.FOLLOW_REQUEST):
            self.tell(who, kind)
        self.tell(who, NotificationKind.MOVED)

    def tell(self, who: int, kind: NotificationKind, post: int = 0) -> None:
        notify(self.tx, actor_id=self.me, kind=kind, from_id=who, post_id=post)

    def cost(self, page: Any, *args: Any) -> tuple[int, int]:
        """How many lines a page has, and how many statements it took."""
        counting: Any = Counting(self.tx)
        found = page(counting, self.viewer, Page(limit=80), *args)
        return len(found), len(counting.statements)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.GUEST], ids=["member", "guest"])
def test_a_page_of_everything_costs_the_same_for_one_person_and_for_four(
    tx: Tx, role: Role
) -> None:
    mixed = Mixed(tx, role)
    pages = (notifications.page, notification_groups.page)
    mixed.tell_everything()
    one = [mixed.cost(page) for page in pages]
    for _ in range(3):
        mixed.tell_everything()
    four = [mixed.cost(page) for page in pages]
    assert [cost for _, cost in one] == [cost for _, cost in four]
    assert [lines for lines, _ in four] == [48, 48 - 3]  # four followers are one line
    assert one[0][0] == 12


def test_a_page_of_requests_costs_the_same_for_one_and_for_many(tx: Tx) -> None:
    mixed = Mixed(tx, Role.MEMBER)
    choose(tx, actor_id=mixed.me, policy=Policy(not_following=Stance.FILTER))
    mixed.tell_everything()
    lines, cost = mixed.cost(held_back.page)
    for _ in range(5):
        mixed.tell_everything()
    assert (lines, mixed.cost(held_back.page)) == (1, (6, cost))
    assert mixed.cost(notifications.page, Wanted())[0] == 6 * 6


@pytest.mark.both
def test_who_does_not_moderate_any_more_has_no_lines_of_reports(tx: Tx) -> None:
    """No page is emptied after it was cut: else it names no next one, and the rest is lost."""
    add_node(tx)
    me, bo, accused = (add_person(tx, name) for name in ("me", "bo", "accused"))
    accounts.set_role(tx, me, Role.MODERATOR)
    notify(tx, actor_id=me, kind=NotificationKind.LIKE, from_id=bo, post_id=add_post(tx, me))
    reporters = [add_person(tx, f"r{number}") for number in range(5)]
    said = Complaint(accused_id=accused)
    (made,) = report(tx, node=NODE, reporter=member(reporters[1]), said=said)
    for reporter in reporters:
        notify(tx, actor_id=me, kind=NotificationKind.REPORT, from_id=reporter)

    def told() -> list[tuple[NotificationKind, int]]:
        found = notifications.page(tx, member(me), Page(limit=3))
        assert notifications.count_newer(tx, member(me), 0) == len(found)
        return [(view.kind, view.sender.id) for view in found]

    like = (NotificationKind.LIKE, bo)
    assert told() == [(NotificationKind.REPORT, reporters[1]), like]
    accounts.set_role(tx, me, Role.MEMBER)
    assert told() == [like]
    accounts.set_role(tx, me, Role.MODERATOR)
    close(tx, by_id=me, report_id=made)
    assert told() == [like]
