"""Reading posts for the search: everything that waits is read, and what is erased is forgotten."""

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from domain.audience import Audience
from social import indexing
from storage.database import Database
from storage.queries import erasing, words
from storage.queries.posts import by_id, insert_post
from storage.tables.words import post_words, unread_posts
from storage.tx import Tx
from storage.views.post_rows import PostRow
from tests.support.factories import add_person, add_post

WORDS = select(func.count()).select_from(post_words)
UNREAD = select(func.count()).select_from(unread_posts)


def count(tx: Tx) -> tuple[int, int]:
    return tx.scalar(WORDS) or 0, tx.scalar(UNREAD) or 0


@pytest.mark.both
async def test_the_job_reads_all_that_waits_and_erasing_forgets_it(database: Database) -> None:
    def fill(tx: Tx) -> list[int]:
        ana = add_person(tx, "ana")
        made = [add_post(tx, ana, content="two words") for _ in range(2 * indexing.AT_ONCE + 1)]
        add_post(tx, ana, content="deleted", deleted_at=tx.now)
        for post_id in made:
            words.wait(tx, [post_id])
        return made

    made = await database.write(fill)
    assert await indexing.catch_up(database, units=1) == indexing.AT_ONCE
    assert await indexing.catch_up(database) == len(made) - indexing.AT_ONCE
    assert await indexing.catch_up(database) == 0
    assert await database.read(count) == (2 * len(made), 0)
    await database.write(erasing.erase, made)
    assert await database.read(count) == (0, 0)


def like(known: PostRow, identifier: int, share_of_id: int | None = None) -> PostRow:
    """Another post like this one."""
    uri = f"{known.uri}/{identifier}"
    return replace(known, id=identifier, uri=uri, url=uri, share_of_id=share_of_id)


def test_posts_wait_once_they_are_stored_and_shares_do_not(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    known = by_id(tx, add_post(tx, ana, Audience.public()))
    assert known is not None
    again = like(known, 7)
    assert insert_post(tx, again)
    assert count(tx) == (0, 1)
    assert not insert_post(tx, again)
    assert insert_post(tx, like(known, 8, share_of_id=known.id))
    assert words.waiting(tx, 10) == [7]
