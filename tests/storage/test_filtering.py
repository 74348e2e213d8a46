"""A viewer's filters are evaluated where posts are loaded, in a fixed number of statements."""

from typing import Any

import pytest
from sqlalchemy import select

from domain.audience import ANONYMOUS, Audience
from domain.filters import Action, Place
from domain.kinds import NotificationKind
from storage.dialects import SQLITE
from storage.plans import plans_of
from storage.queries import bookmarks, filters, muted_threads, notifications
from storage.queries.erasing import erase
from storage.tables.threads import muted_threads as muted_table
from storage.tx import Tx
from storage.views import timelines
from storage.views.filtering import _ACTIVE, LONGEST, active, hidden_in, words_of
from storage.views.paging import Page
from storage.views.post_rows import BOOKMARKED, MUTED
from storage.views.posts import load, visible
from tests.storage.test_post_views import Counting
from tests.support.factories import (
    add_follow,
    add_person,
    add_post,
    add_reply,
    add_share,
    member,
)
from web.fragments import Fragment, Fragments
from web.mastodon.rendering import complete, piece_key


def add_filter(tx: Tx, actor: int, *words: str, **given: Any) -> int:
    said: dict[str, Any] = {
        "title": "F",
        "places": Place.HOME,
        "action": Action.WARN,
        "until": None,
    }
    row = filters.add(tx, actor_id=actor, **(said | given))
    for word in words:
        filters.add_keyword(tx, row.id, word, whole_word=True)
    return row.id


def why(tx: Tx, post: int, viewer: int) -> list[tuple[int, tuple[str, ...], tuple[int, ...]]]:
    flags = visible(tx, post, member(viewer)).flags
    return [(match.filter.id, match.keywords, match.post_ids) for match in flags.filtered]


@pytest.mark.both
def test_words_titles_warnings_and_shares_are_looked_through(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    said = add_post(tx, ana, content="<p>About <b>spoil</b>ers</p>")
    warned = add_post(tx, ana, summary="Spoilers inside")
    titled = add_post(tx, ana, title="Spoilers")
    other = add_post(tx, ana, content="<p>spoil ers</p>")
    share = add_share(tx, ana, said)
    own = add_filter(tx, bo, "spoilers", "never")
    for post in (said, warned, titled, share):
        assert why(tx, post, bo) == [(own, ("spoilers",), ())]
    shared = visible(tx, share, member(bo)).shared_post
    assert shared is not None
    assert [match.filter.id for match in shared.flags.filtered] == [own]
    assert why(tx, other, bo) == []
    assert why(tx, said, ana) == []  # somebody else's filter
    assert active(tx, ANONYMOUS) == ()


def test_single_posts_are_named_and_filters_run_out(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    post, beside = add_post(tx, ana), add_post(tx, ana)
    share = add_share(tx, ana, post)
    until = add_filter(tx, bo, until=tx.now + 10)
    over = add_filter(tx, bo, "words", until=tx.now)
    for one in (until, over):
        filters.add_post(tx, one, post)
    assert why(tx, post, bo) == [(until, (), (post,))]
    assert why(tx, share, bo) == [(until, (), (post,))]
    assert why(tx, beside, bo) == []


def test_hidden_is_what_a_filter_hides_in_that_place(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    post = add_post(tx, ana)
    add_filter(tx, bo, "words", places=Place.NOTIFICATIONS)
    shown = visible(tx, post, member(bo))
    assert shown.flags.filtered
    assert not hidden_in(shown, Place.NOTIFICATIONS)  # it warns
    add_filter(tx, bo, "words", places=Place.HOME | Place.THREAD, action=Action.HIDE)
    shown = visible(tx, post, member(bo))
    assert hidden_in(shown, Place.THREAD)
    assert not hidden_in(shown, Place.NOTIFICATIONS)


def test_forty_posts_take_as_many_statements_as_one(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    posts = [add_post(tx, ana) for _ in range(40)]

    def statements(count: int) -> int:
        counting = Counting(tx)
        load(counting, posts[:count], member(bo))  # type: ignore[arg-type]
        return len(counting.statements)

    without = statements(1)
    assert statements(40) == without
    for number in range(3):
        add_filter(tx, bo, f"word{number}", "words")
    assert statements(40) == statements(1) == without + 1


def test_a_page_of_forty_takes_as_many_statements_as_one_rendered_or_not(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    for number in range(20):
        add_share(tx, ana, add_post(tx, ana, content=f"<p>words {number}</p>"))
    viewer, fragments = member(bo), Fragments()

    def cost(limit: int) -> int:
        counting = Counting(tx)
        entries = timelines.account_page(tx, viewer, Page(limit=limit), author_id=ana)
        found = complete(counting, entries, viewer, fragments)  # type: ignore[arg-type]
        matched = {bool(found.filtered.get(entry.post_id)) for entry in entries}
        assert (len(entries), matched) == (limit, {bool(active(tx, viewer))})
        keys = (piece_key(key, viewer) for entry in entries for key in entry.keys)
        fragments.keep(found.words | dict.fromkeys(keys, Fragment((b"{",))))
        return len(counting.statements)

    new = cost(1)
    fragments.clear()
    assert cost(40) == new
    assert cost(40) == cost(1) == 1  # all is kept: only whether there are filters
    add_filter(tx, bo, "words")
    assert cost(40) == new + 2  # nobody has looked through it yet; which posts filters name, twice
    assert cost(40) == cost(1) == 2
    fragments.clear()
    assert cost(1) == new + 2


@pytest.mark.both
def test_kept_posts_page_by_the_keeping_and_follow_the_right(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    new, old = add_post(tx, ana), add_post(tx, ana)
    private = add_post(tx, ana, Audience.followers(ana))
    for post in (new, old, private):
        assert bookmarks.add(tx, bo, post)
    assert not bookmarks.add(tx, bo, new)

    def kept(**marks: int) -> list[int]:
        found = timelines.bookmarked_page(tx, member(bo), Page(**marks))
        assert all(entry.own_marks == BOOKMARKED for entry in found)
        return [entry.post_id for entry in found]

    assert kept() == [old, new]  # G27: what one may not read is not there
    first = timelines.bookmarked_page(tx, member(bo), Page())[0].cursor
    assert kept(max_id=first) == [new]
    uris = [uri for _, uri in bookmarks.uris(tx, member(bo), Page())]
    assert uris == [visible(tx, post, member(bo)).row.uri for post in (old, new)]
    add_follow(tx, bo, ana)
    assert kept() == [private, old, new]
    assert timelines.bookmarked_page(tx, member(ana), Page()) == []
    assert bookmarks.remove(tx, bo, old)
    assert not bookmarks.remove(tx, bo, old)
    assert kept() == [private, new]
    erase(tx, [new])
    bookmarks.forget(tx, bo)
    assert kept() == []


@pytest.mark.both
def test_nothing_is_told_of_a_muted_thread_but_notices(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    root = add_post(tx, bo)
    answer = add_reply(tx, ana, root)
    other = add_post(tx, ana)
    muted_threads.add(tx, bo, root)
    muted_threads.add(tx, bo, root)

    def told(post: int, kind: NotificationKind = NotificationKind.MENTION) -> bool:
        added = notifications.add(tx, actor_id=bo, kind=kind, from_id=ana, post_id=post)
        return added is not None

    assert not told(answer)
    assert not told(root, NotificationKind.LIKE)
    assert told(answer, NotificationKind.NOTICE)
    assert told(other)
    assert told(0, NotificationKind.FOLLOW)
    for entry in timelines.public_page(tx, member(bo), Page()):
        assert (entry.own_marks == MUTED) is (entry.post_id == root)
    assert visible(tx, answer, member(bo)).flags.muted
    assert not visible(tx, other, member(bo)).flags.muted
    assert not visible(tx, root, member(ana)).flags.muted
    muted_threads.remove(tx, bo, root)
    assert told(answer)
    muted_threads.add(tx, bo, root)
    muted_threads.follow(tx, root_id=root, now_root=other)
    assert visible(tx, other, member(bo)).flags.muted
    muted_threads.forget_posts(tx, [root])
    muted_threads.forget(tx, bo)
    assert tx.all(select(muted_table.c.root_id)) == []


def test_kept_posts_and_filters_are_found_by_index(tx: Tx) -> None:
    for statement in (timelines._BOOKMARKED.newest, timelines._BOOKMARKED.oldest, _ACTIVE):
        plan = plans_of(SQLITE).get(statement)
        values = plan.values(dict.fromkeys(plan._names, 1))
        steps = [step[3] for step in tx._session.all("EXPLAIN QUERY PLAN " + plan.text, values)]
        assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step], steps


def test_D07_letters_that_fold_into_many_make_no_post_longer(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    post = add_post(tx, ana, content=f"<p>First {chr(0xFDFA) * LONGEST}</p>")
    words = words_of(visible(tx, post, member(ana)))
    assert words.startswith("first ")
    assert len(words) <= LONGEST
