"""Filters: how many there may be, until when they hold, and what is left of them."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from domain.errors import Invalid
from domain.filters import Action, Place
from social import bookmarks, departures, filters, muted_threads
from social.filters import Wish, Word
from storage.queries import departures as known
from storage.queries import filters as stored
from storage.tables.bookmarks import bookmarks as bookmark_rows
from storage.tables.filters import filter_keywords, filter_posts
from storage.tables.filters import filters as filter_rows
from storage.tables.threads import muted_threads as muted_rows
from storage.tx import Tx
from tests.support.factories import NODE, add_node, add_person, add_post, member

pytestmark = pytest.mark.both

WISH = Wish("Title", Place.HOME, Action.WARN, None, [Word(text="one")])


def make(tx: Tx, actor: int, wish: Wish = WISH) -> int:
    return filters.make(tx, actor_id=actor, wish=wish).id


def test_there_are_only_so_many(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    posts = [add_post(tx, bo) for _ in range(2)]
    own = make(tx, ana)
    for name in ("MOST_FILTERS", "MOST_KEYWORDS", "MOST_POSTS"):
        monkeypatch.setattr(filters, name, 1)
    with pytest.raises(Invalid, match="1 filters"):
        make(tx, ana)
    with pytest.raises(Invalid, match="1 keywords"):
        filters.add_keyword(tx, actor_id=ana, filter_id=own, word=Word(text="two"))
    filters.add_post(tx, viewer=member(ana), filter_id=own, post_id=posts[0])
    with pytest.raises(Invalid, match="1 single posts"):
        filters.add_post(tx, viewer=member(ana), filter_id=own, post_id=posts[1])
    make(tx, bo)  # everybody has their own
    filters.delete(tx, actor_id=ana, filter_id=own)
    own = make(tx, ana)
    filters.add_post(tx, viewer=member(ana), filter_id=own, post_id=posts[1])


def test_D07_only_some_of_them_are_looked_for_in_all_of_a_post(
    tx: Tx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MOST_PHRASES", 1)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    own = make(tx, ana)
    part = Word(text="part", whole_word=False)
    filters.add_keyword(tx, actor_id=ana, filter_id=own, word=part)
    filters.add_keyword(tx, actor_id=ana, filter_id=own, word=Word(text="whole"))
    make(tx, bo, Wish("Title", Place.HOME, words=[part]))  # everybody has their own
    with pytest.raises(Invalid, match="1 keywords that are no whole words"):
        filters.add_keyword(tx, actor_id=ana, filter_id=own, word=Word(text="two words"))


@pytest.mark.parametrize("how", ["new", "changed", "in-a-filter"])
def test_D07_no_way_leads_past_that(tx: Tx, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr(filters, "MOST_PHRASES", 0)
    ana = add_person(tx, "ana")
    own = make(tx, ana)
    whole = filters.add_keyword(tx, actor_id=ana, filter_id=own, word=Word(text="whole"))
    part = Word(whole.id, "part", whole_word=False)
    ways: dict[str, Callable[[], object]] = {
        "new": lambda: make(tx, ana, Wish("Title", Place.HOME, words=[Word(text="two words")])),
        "changed": lambda: filters.change_keyword(tx, actor_id=ana, word=part),
        "in-a-filter": lambda: filters.change(
            tx, actor_id=ana, filter_id=own, wish=Wish(words=[part])
        ),
    }
    with pytest.raises(Invalid, match="no whole words"):
        ways[how]()


def test_a_filter_holds_from_now_for_so_many_seconds(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    own = make(tx, ana, Wish("Title", Place.HOME, seconds=60))
    assert filters.find(tx, ana, own).until == tx.now + 60_000
    kept = filters.change(tx, actor_id=ana, filter_id=own, wish=Wish(title="Other"))
    assert (kept.until, kept.title, kept.action) == (tx.now + 60_000, "Other", Action.WARN)
    for ever in (0, None):
        assert (
            filters.change(tx, actor_id=ana, filter_id=own, wish=Wish(seconds=ever)).until is None
        )


def test_whoever_leaves_takes_what_they_kept_and_filtered_along(tx: Tx) -> None:
    add_node(tx)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    post = add_post(tx, bo)
    for person in (ana, bo):
        own = make(tx, person)
        filters.add_post(tx, viewer=member(person), filter_id=own, post_id=post)
        bookmarks.bookmark(tx, viewer=member(person), post_id=post)
        muted_threads.mute(tx, viewer=member(person), post_id=post)
    tables = (filter_rows, filter_keywords, filter_posts, bookmark_rows, muted_rows)

    def counted() -> set[int | None]:
        return {tx.scalar(select(func.count()).select_from(table)) for table in tables}

    assert counted() == {2}
    known.begin(tx, ana)
    departures._end(tx, node=NODE, actor_id=ana)
    assert counted() == {1}
    assert stored.of(tx, ana) == []
