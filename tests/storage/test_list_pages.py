"""What people's own lists show: exact on every page, whoever writes how much."""

import random
from collections.abc import Iterator

import pytest

from domain.audience import Audience
from domain.errors import NotFound
from domain.ids import HERE
from domain.kinds import FollowState, RepliesPolicy
from storage.queries import lists
from storage.tx import Tx
from storage.views import list_pages
from storage.views.paging import Page
from tests.support.factories import (
    add_follow,
    add_person,
    add_post,
    add_reply,
    add_share,
    guest,
    member,
)

pytestmark = pytest.mark.both


def listed(tx: Tx, owner: int, *members: int, policy: RepliesPolicy = RepliesPolicy.LIST) -> int:
    made = lists.insert_list(tx, owner, title="A list", replies_policy=policy, exclusive=False)
    lists.add_members(tx, made, members)
    return made


def ids(tx: Tx, owner: int, list_id: int, page: Page) -> list[int]:
    found = list_pages.list_page(tx, member(owner), page, list_id=list_id)
    return [entry.post_id for entry in found]


def down(tx: Tx, owner: int, list_id: int, limit: int) -> Iterator[int]:
    below = None
    while page := ids(tx, owner, list_id, Page(max_id=below, limit=limit)):
        yield from page
        below = page[-1]


def up(tx: Tx, owner: int, list_id: int, limit: int) -> Iterator[int]:
    above = 0
    while page := ids(tx, owner, list_id, Page(min_id=above, limit=limit)):
        yield from reversed(page)
        above = page[0]


def test_pages_of_a_list_leave_nothing_out(tx: Tx) -> None:
    """Some members write a lot that is not for the owner: what others say is not lost behind it."""
    dice = random.Random(5)
    ana, other = add_person(tx, "ana"), add_person(tx, "other")
    members = [add_person(tx, f"m{number}") for number in range(4)]
    for person in members:
        add_follow(tx, ana, person, shares=person != members[0])
    one = listed(tx, ana, *members)
    asked = add_post(tx, other)
    shareable = [add_post(tx, other) for _ in range(10)]
    wanted = []
    for _ in range(80):
        author = dice.choice([members[0], *members])
        match dice.randrange(5):
            case 0 | 1:
                wanted.append(add_post(tx, author))
            case 2:
                add_post(tx, author, Audience.direct(), named=(other,))
            case 3:
                add_reply(tx, author, asked)  # to whom ana does not follow
            case 4 if shareable:
                shared = add_share(tx, author, shareable.pop())
                wanted += [shared] if author != members[0] else []
    for limit in (3, 40):
        assert list(down(tx, ana, one, limit)) == wanted[::-1]
        assert list(up(tx, ana, one, limit)) == wanted


def test_who_is_not_followed_yet_shows_nothing(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    cy = add_person(tx, "cy")
    add_follow(tx, ana, bo, state=FollowState.PENDING)
    add_follow(tx, ana, cy)
    one = listed(tx, ana, ana, bo, cy)
    add_post(tx, bo)
    mine, seen = add_post(tx, ana), add_post(tx, cy, Audience.followers(cy))
    add_post(tx, cy, Audience.node(HERE), deleted_at=tx.now)
    assert ids(tx, ana, one, Page()) == [seen, mine]


def test_G11_a_list_asks_who_reads_it(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    add_follow(tx, ana, bo)
    one = listed(tx, ana, bo)
    inside, world = add_post(tx, bo), add_post(tx, bo, Audience.public())
    assert ids(tx, ana, one, Page()) == [world, inside]
    found = list_pages.list_page(tx, guest(ana), Page(), list_id=one)
    assert [entry.post_id for entry in found] == [world]
    with pytest.raises(NotFound):
        list_pages.list_page(tx, member(bo), Page(), list_id=one)


def test_a_list_is_found_by_index(tx: Tx, database_kind: str) -> None:
    if database_kind != "sqlite":
        assert tx.dialect == "postgresql"  # its plans depend on statistics
        return
    from storage.dialects import SQLITE
    from storage.plans import plans_of

    for paged in (list_pages._NEWEST.newest, list_pages._OLDEST.oldest):
        plan = plans_of(SQLITE).get(paged)
        values = dict.fromkeys(plan._names, 1)
        steps = tx._session.all("EXPLAIN QUERY PLAN " + plan.text, plan.values(values))
        assert not [step[3] for step in steps if step[3].startswith("SCAN")], steps
        theirs = [step[3] for step in steps if " theirs " in f"{step[3]} "]
        assert any("ix_posts_author_id (author_id=? AND id>? AND id<?)" in s for s in theirs)


def test_D07_no_more_is_looked_at_than_a_bound_however_much_somebody_writes(tx: Tx) -> None:
    ana, bo, cy, other = (add_person(tx, name) for name in ("ana", "bo", "cy", "other"))
    for person in (bo, cy):
        add_follow(tx, ana, person)
    one = listed(tx, ana, bo, cy)
    asked = add_post(tx, other)
    quiet, early = add_post(tx, cy), add_post(tx, bo)
    for _ in range(list_pages.LOOKED_AT - 1):
        last = add_reply(tx, bo, asked)  # to whom ana does not follow
    late = add_post(tx, bo)
    assert ids(tx, ana, one, Page(max_id=late)) == [early, quiet]
    assert ids(tx, ana, one, Page(min_id=early)) == [late]
    # Each of these looks at one answer more than before.
    assert ids(tx, ana, one, Page()) == [late, quiet]
    assert ids(tx, ana, one, Page(min_id=quiet)) == [early]
    assert ids(tx, ana, one, Page(min_id=last)) == [late]
