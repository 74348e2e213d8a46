"""Conversations as rows: who has which, across threads that move and people who leave."""

from random import Random
from typing import Any

import pytest

from domain.audience import Audience
from domain.kinds import RepliesPolicy
from social import conversations as use
from social import storing
from storage.database import Database
from storage.queries import conversations, followed_tags, lists, markers, posts
from storage.queries.posts import by_id
from storage.tx import Tx
from storage.views import direct
from storage.views.paging import Page
from storage.views.post_rows import PostRow
from tests.support.factories import add_person, add_post, add_remote, add_reply, member
from tests.support.overlapping import overlapping

pytestmark = pytest.mark.both
DIRECT = Audience.direct()


def row_of(tx: Tx, post: int) -> PostRow:
    found = by_id(tx, post)
    assert found is not None
    return found


def said(tx: Tx, author: int, *named: int, **more: Any) -> int:
    """A direct post that is taken up."""
    post = add_post(tx, author, DIRECT, named=named, **more)
    use.take_up(tx, row_of(tx, post), named)
    return post


def answered(tx: Tx, author: int, parent: int, *named: int) -> int:
    post = add_reply(tx, author, parent, audience=DIRECT, named=named)
    use.take_up(tx, row_of(tx, post), named)
    return post


def seen(tx: Tx, actor: int) -> list[tuple[int, bool]]:
    """(the last post, unread), a conversation each."""
    found = direct.page(tx, member(actor), Page())
    return [(each.last.id, each.unread) for each in found]


def test_words_from_elsewhere_are_taken_up(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    zoe = add_remote(tx, "zoe")
    first = said(tx, zoe, ana, bo)
    assert seen(tx, ana) == seen(tx, bo) == [(first, True)]
    answer = answered(tx, ana, first, zoe, bo)
    assert (seen(tx, ana), seen(tx, bo)) == ([(answer, False)], [(answer, True)])
    late = said(tx, zoe, ana, bo, id=5, root=first)  # older than what was said since
    assert late < first
    assert seen(tx, bo) == [(answer, True)]
    # What is public begins none, and nobody elsewhere has one.
    everybody = add_post(tx, zoe, Audience.public(), named=(ana,))
    use.take_up(tx, row_of(tx, everybody), [ana])
    assert len(seen(tx, ana)) == 1
    assert conversations.add(tx, post_id=1, root_id=1, author_id=zoe, people=[zoe]) == []


def test_a_thread_that_finds_its_beginning_goes_on_in_the_same_conversation(tx: Tx) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    early = said(tx, zoe, ana, reply_to_uri="https://far.example/o/1")
    root = said(tx, ana, zoe)
    assert len(seen(tx, ana)) == 2
    posts.move_root(tx, [early], row_of(tx, root))
    conversations.move(tx, early, row_of(tx, root).root_id)
    # Both have the same circle now: what is said next goes on where the thread began.
    more = answered(tx, zoe, root, ana)
    assert seen(tx, ana) == [(more, True), (early, True)]
    lonely = said(tx, zoe, ana, reply_to_uri="https://far.example/o/2")
    other = add_post(tx, ana, Audience.public())
    conversations.move(tx, lonely, other)
    more = answered(tx, zoe, other, ana)
    assert (more, True) in seen(tx, ana)
    assert lonely not in [last for last, _ in seen(tx, ana)]


def test_what_is_deleted_leaves_every_conversation(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    first = said(tx, ana, bo)
    second = answered(tx, bo, first, ana)
    storing.remove(tx, row_of(tx, second))
    assert seen(tx, ana) == [(first, True)]
    conversations.forget_posts(tx, [first])
    assert seen(tx, ana) == seen(tx, bo) == []


def test_whoever_leaves_takes_their_own_rows_along(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    first = said(tx, ana, bo)
    theirs, hers = (
        lists.insert_list(tx, owner, title="x", replies_policy=RepliesPolicy.LIST, exclusive=False)
        for owner in (bo, ana)
    )
    lists.add_members(tx, theirs, [ana, bo])
    lists.add_members(tx, hers, [bo])
    for actor in (ana, bo):
        followed_tags.add(tx, actor, "ropes")
        markers.put(tx, actor, "home", 1)
    for family in (conversations, followed_tags, lists, markers):
        family.forget(tx, ana)
    assert (seen(tx, ana), seen(tx, bo)) == ([], [(first, True)])
    assert (lists.of(tx, ana), lists.size(tx, theirs), lists.size(tx, hers)) == ([], 1, 0)
    assert followed_tags.among(tx, ana, ["ropes"]) == set()
    assert followed_tags.among(tx, bo, ["ropes"]) == {"ropes"}
    assert (markers.last_read(tx, ana, "home"), markers.last_read(tx, bo, "home")) == (0, 1)


@pytest.mark.parametrize("others", [1, 200], ids=["few", "as-many-as-a-note-may-name"])
def test_D07_a_circle_is_as_large_as_it_is(tx: Tx, others: int) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    ids = Random(1)  # ids as servers give them, so that the list of them is long
    far = [add_remote(tx, f"r{each}", id=ids.getrandbits(62)) for each in range(others)]
    first = said(tx, far[0], ana, bo, *far[1:])
    last = answered(tx, ana, first, *far, bo)
    assert (seen(tx, ana), seen(tx, bo)) == ([(last, False)], [(last, True)])
    other = answered(tx, ana, last, *far[:-1], bo)  # one less is another circle
    assert seen(tx, bo) == [(other, True), (last, True)]


@pytest.mark.parametrize("gone_first", [False, True], ids=["answered-first", "deleted-first"])
async def test_an_answer_at_the_moment_when_the_only_post_is_deleted(
    database: Database, gone_first: bool
) -> None:
    def begin(tx: Tx) -> tuple[int, int, int]:
        ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
        return ana, bo, said(tx, ana, bo)

    ana, bo, first = await database.write(begin)
    made: list[int] = []

    def answer(tx: Tx) -> None:
        made[:] = [answered(tx, bo, first, ana)]

    def delete(tx: Tx) -> None:
        storing.remove(tx, row_of(tx, first))

    await overlapping(database, *((delete, answer) if gone_first else (answer, delete)))
    [last] = made
    assert await database.read(seen, ana) == [(last, True)]
    assert await database.read(seen, bo) == [(last, False)]
