"""Notifications: rows without text, once, and only while what they are about may be read."""

import pytest
from sqlalchemy import select

from domain.audience import Audience
from domain.errors import NotFound
from domain.ids import notification_time_of
from domain.kinds import AccountState, NotificationKind, Role
from social.notifications import clear, dismiss, notify, retract
from storage.queries import posts as rows
from storage.queries.accounts import set_state
from storage.queries.follows import remove as unfollow
from storage.tables.timelines import notifications
from storage.tx import Tx
from storage.views.notifications import (
    EVERYTHING,
    NotificationView,
    Wanted,
    count_newer,
    is_visible,
    one,
    page,
)
from storage.views.paging import Page
from storage.views.posts import PostView
from tests.support.factories import (
    add_block,
    add_follow,
    add_node,
    add_person,
    add_post,
    add_remote,
    add_reply,
    guest,
    member,
)

pytestmark = pytest.mark.both

LIKE, MENTION, SHARE = NotificationKind.LIKE, NotificationKind.MENTION, NotificationKind.SHARE


class People:
    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.helper = add_node(tx)
        self.ana, self.bo, self.cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
        self.gina = add_person(tx, "gina", role=Role.GUEST)

    def tell(self, kind: NotificationKind, sender: int, post: int = 0) -> bool:
        return notify(self.tx, actor_id=self.ana, kind=kind, from_id=sender, post_id=post)

    def seen(
        self, found: Page | None = None, wanted: Wanted = EVERYTHING
    ) -> list[NotificationView[PostView]]:
        return page(self.tx, member(self.ana), found or Page(), wanted)


@pytest.fixture
def people(tx: Tx) -> People:
    return People(tx)


def test_rows_hold_no_text() -> None:
    assert {column.name for column in notifications.c} == {
        *("id", "actor_id", "kind", "from_id", "post_id", "created_at", "filtered")
    }


def test_a_notification_comes_once_newest_first_with_its_post(people: People) -> None:
    post = add_post(people.tx, people.ana)
    assert people.tell(LIKE, people.bo, post)
    assert not people.tell(LIKE, people.bo, post)
    assert people.tell(NotificationKind.FOLLOW, people.cy)
    follow, like = people.seen()
    assert (follow.kind, follow.sender.handle, follow.post) == (
        NotificationKind.FOLLOW,
        "cy",
        None,
    )
    assert like.post is not None
    assert (like.kind, like.sender.handle, like.post.id) == (LIKE, "bo", post)
    assert follow.id < 2**53
    assert abs(notification_time_of(follow.id) - people.tx.now) < 1000


def test_pages_kinds_and_senders(people: People) -> None:
    made = [add_post(people.tx, people.ana) for _ in range(3)]
    for post in made:
        people.tell(LIKE, people.bo, post)
        people.tell(SHARE, people.cy, post)
    first = people.seen(Page(limit=2))
    rest = people.seen(Page(limit=10, max_id=first[-1].id))
    assert [len(first), len(rest)] == [2, 4]
    nearest = people.seen(Page(limit=2, min_id=rest[-1].id))
    assert [view.id for view in nearest] == [view.id for view in rest[-3:-1]]
    assert {view.kind for view in people.seen(wanted=Wanted([LIKE]))} == {LIKE}
    assert people.seen(wanted=Wanted([])) == []
    assert {view.sender.handle for view in people.seen(wanted=Wanted(sender=people.cy))} == {"cy"}
    assert count_newer(people.tx, member(people.ana), 0) == 6
    assert count_newer(people.tx, member(people.ana), first[-1].id) == 1
    assert count_newer(people.tx, member(people.ana), 0, limit=4) == 4
    assert count_newer(people.tx, member(people.ana), 0, Wanted([SHARE])) == 3


def test_nobody_is_told_of_themselves_across_a_block_or_elsewhere(people: People) -> None:
    post = add_post(people.tx, people.ana)
    assert not people.tell(LIKE, people.ana, post)
    add_block(people.tx, people.bo, people.ana)
    assert not people.tell(LIKE, people.bo, post)
    zoe = add_remote(people.tx, "zoe")
    for somebody in (zoe, people.helper, 4711):
        assert not notify(people.tx, actor_id=somebody, kind=LIKE, from_id=people.cy, post_id=post)
    set_state(people.tx, people.ana, AccountState.DISABLED)
    assert not people.tell(LIKE, people.cy, post)
    set_state(people.tx, people.ana, AccountState.ACTIVE)
    assert people.tell(LIKE, people.cy, post)


def test_notices_of_the_node_always_arrive(people: People) -> None:
    add_block(people.tx, people.ana, people.helper)
    note = add_post(people.tx, people.helper, Audience.direct(), named=(people.ana,))
    assert people.tell(NotificationKind.NOTICE, people.helper, note)


def test_G38_what_may_no_longer_be_read_leaves_no_line_and_no_count(people: People) -> None:
    tx, ana = people.tx, member(people.ana)
    add_follow(tx, people.ana, people.bo)
    post = add_post(tx, people.bo, Audience.followers(people.bo))
    answer = add_reply(tx, people.bo, post)
    people.tell(MENTION, people.bo, answer)
    (line,) = people.seen()
    assert (is_visible(tx, ana, line.id), count_newer(tx, ana, 0)) == (True, 1)
    assert one(tx, ana, line.id).id == line.id
    unfollow(tx, people.ana, people.bo)
    assert people.seen() == []
    assert (is_visible(tx, ana, line.id), count_newer(tx, ana, 0)) == (False, 0)
    with pytest.raises(NotFound):
        one(tx, ana, line.id)
    add_follow(tx, people.ana, people.bo)
    assert len(people.seen()) == 1
    rows.mark_deleted(tx, answer)
    assert people.seen() == []


def test_G38_guests_see_their_own_lines_only(people: People) -> None:
    post = add_post(people.tx, people.bo)
    people.tell(MENTION, people.bo, post)
    (line,) = people.seen()
    viewer = guest(people.gina)
    assert page(people.tx, viewer, Page()) == []
    with pytest.raises(NotFound):
        one(people.tx, viewer, line.id)
    assert not dismiss(people.tx, people.gina, line.id)
    assert len(people.seen()) == 1


def test_P11_a_later_block_hides_what_was_told(people: People) -> None:
    people.tell(NotificationKind.FOLLOW, people.bo)
    people.tell(NotificationKind.FOLLOW, people.cy)
    add_block(people.tx, people.ana, people.bo)
    assert [view.sender.handle for view in people.seen()] == ["cy"]
    assert count_newer(people.tx, member(people.ana), 0) == 1


def test_dismissing_clearing_and_taking_back(people: People) -> None:
    post = add_post(people.tx, people.ana)
    for sender in (people.bo, people.cy):
        people.tell(LIKE, sender, post)
        people.tell(SHARE, sender, post)
    retract(people.tx, actor_id=people.ana, kind=LIKE, from_id=people.bo, post_id=post)
    left = people.seen()
    assert len(left) == 3
    assert dismiss(people.tx, people.ana, left[0].id)
    assert not dismiss(people.tx, people.ana, left[0].id)
    clear(people.tx, people.ana)
    assert people.seen() == []
    assert people.tx.all(select(notifications.c.id)) == []
