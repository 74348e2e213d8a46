"""What one person changes with two apps at the same time: nothing is lost, no limit is passed."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from domain.errors import Invalid, NotFound
from domain.filters import Action, Place
from domain.notifying import Policy, Stance
from domain.pushes import Audience
from social import filters, followed_tags, hearing, lists, pushing
from social.filters import Wish, Word
from storage.database import Database
from storage.queries import filters as filter_rows
from storage.queries import followed_tags as tag_rows
from storage.queries import lists as list_rows
from storage.queries import policies, pushes
from storage.queries.pushes import Subscription
from storage.tables.accounts import tokens
from storage.tables.filters import filter_keywords, filter_posts
from storage.tables.lists import list_members
from storage.tx import Tx
from tests.support.factories import add_follow, add_node, add_person, add_post, member, put
from tests.support.overlapping import overlapping

pytestmark = pytest.mark.both

TOKEN = 7
Act = Callable[[Tx], object]


class Two:
    """Ana, whom two apps act for, and Bo whom she follows."""

    def __init__(self, db: Database, ana: int, bo: int) -> None:
        self.db = db
        self.ana = ana
        self.bo = bo


@pytest.fixture
async def two(database: Database) -> Two:
    def fill(tx: Tx) -> tuple[int, int]:
        add_node(tx)
        ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
        add_follow(tx, ana, bo)
        return ana, bo

    return Two(database, *await database.write(fill))


def filter_of(tx: Tx, actor: int, title: str = "Words") -> int:
    wish = Wish(title, Place.HOME, Action.WARN, words=[Word(text="one")])
    return filters.make(tx, actor_id=actor, wish=wish).id


async def test_of_a_list_both_the_title_and_the_rule(two: Two) -> None:
    ana = two.ana
    made = await two.db.write(lambda tx: lists.make(tx, actor_id=ana, title="Old"))
    await overlapping(
        two.db,
        lambda tx: lists.change(tx, actor_id=ana, list_id=made, title="New"),
        lambda tx: lists.change(tx, actor_id=ana, list_id=made, exclusive=True),
    )
    row = await two.db.read(list_rows.find, ana, made)
    assert row is not None
    assert (row.title, row.exclusive) == ("New", True)


async def test_two_rules_of_a_policy(two: Two) -> None:
    ana = two.ana
    await overlapping(
        two.db,
        lambda tx: hearing.change(tx, actor_id=ana, chosen={"not_following": Stance.FILTER}),
        lambda tx: hearing.change(tx, actor_id=ana, chosen={"new_accounts": Stance.DROP}),
    )
    wanted = Policy(not_following=Stance.FILTER, new_accounts=Stance.DROP)
    assert await two.db.read(policies.of, ana) == wanted


async def test_of_a_filter_both_the_title_and_the_place(two: Two) -> None:
    ana = two.ana
    made = await two.db.write(filter_of, ana)

    def to(wish: Wish) -> Act:
        return lambda tx: filters.change(tx, actor_id=ana, filter_id=made, wish=wish)

    await overlapping(two.db, to(Wish(title="New")), to(Wish(places=Place.PUBLIC)))
    row = await two.db.read(filter_rows.find, ana, made)
    assert row is not None
    assert (row.title, row.places) == ("New", Place.PUBLIC)


async def test_of_an_app_that_is_told_both_the_kinds_and_by_whom(two: Two) -> None:
    def subscribe(tx: Tx) -> None:
        unset = {"app_id": None, "code_hash": None, "revoked_at": None, "created_at": 0}
        put(tx, tokens, id=TOKEN, hash=b"1", account_id=two.ana, scopes="push", **unset)
        told = ("https://push.example/1", b"p", b"a", True, 0, Audience.ALL, b"", tx.now)
        pushes.put(tx, Subscription(1, TOKEN, two.ana, *told))

    await two.db.write(subscribe)
    await overlapping(
        two.db,
        lambda tx: pushing.choose(tx, token_id=TOKEN, wanted=lambda was: replace(was, alerts=3)),
        lambda tx: pushing.choose(
            tx, token_id=TOKEN, wanted=lambda was: replace(was, audience=Audience.FOLLOWED)
        ),
    )
    row = await two.db.read(pushes.of_token, TOKEN)
    assert row is not None
    assert (row.alerts, row.audience) == (3, Audience.FOLLOWED)


@pytest.mark.parametrize("deleted_first", [True, False], ids=["deleted-first", "added-first"])
async def test_nothing_is_left_of_a_filter_that_is_deleted(two: Two, deleted_first: bool) -> None:
    ana = two.ana

    def make(tx: Tx) -> tuple[int, int]:
        return filter_of(tx, ana), add_post(tx, two.bo)

    made, post = await two.db.write(make)

    def add(tx: Tx) -> None:
        filters.add_keyword(tx, actor_id=ana, filter_id=made, word=Word(text="two"))
        filters.add_post(tx, viewer=member(ana), filter_id=made, post_id=post)

    def delete(tx: Tx) -> None:
        filters.delete(tx, actor_id=ana, filter_id=made)

    with suppress(NotFound):
        await overlapping(two.db, *((delete, add) if deleted_first else (add, delete)))
    for table in (filter_keywords, filter_posts):
        assert await two.db.read(Tx.scalar, select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize("deleted_first", [True, False], ids=["deleted-first", "added-first"])
async def test_nobody_is_left_on_a_list_that_is_deleted(two: Two, deleted_first: bool) -> None:
    ana = two.ana
    made = await two.db.write(lambda tx: lists.make(tx, actor_id=ana, title="Title"))

    def add(tx: Tx) -> None:
        lists.add(tx, actor_id=ana, list_id=made, member_ids=[two.bo])

    def delete(tx: Tx) -> None:
        lists.remove(tx, actor_id=ana, list_id=made)

    with suppress(NotFound):
        await overlapping(two.db, *((delete, add) if deleted_first else (add, delete)))
    assert await two.db.read(Tx.scalar, select(func.count()).select_from(list_members)) == 0


async def test_not_one_filter_too_many(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MOST_FILTERS", 1)
    with pytest.raises(Invalid, match="1 filters"):
        await overlapping(two.db, *[lambda tx: filter_of(tx, two.ana)] * 2)
    assert await two.db.read(filter_rows.count, two.ana) == 1


async def test_not_one_keyword_too_many(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MOST_KEYWORDS", 2)
    made = await two.db.write(filter_of, two.ana)

    def add(tx: Tx) -> None:
        filters.add_keyword(tx, actor_id=two.ana, filter_id=made, word=Word(text="two"))

    with pytest.raises(Invalid, match="2 keywords"):
        await overlapping(two.db, add, add)
    assert await two.db.read(filter_rows.count_keywords, two.ana) == 2


async def test_not_one_tag_too_many(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed_tags, "MOST", 1)

    def follow(tag: str) -> Act:
        return lambda tx: followed_tags.follow(tx, viewer=member(two.ana), tag=tag)

    with pytest.raises(Invalid, match="1 tags"):
        await overlapping(two.db, follow("one"), follow("two"))
    assert await two.db.read(tag_rows.count, two.ana) == 1
