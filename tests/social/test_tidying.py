"""What is done once a day."""

import pytest
from sqlalchemy import select

from domain.audience import ANONYMOUS, Audience
from social import announcements
from social.announcements import Words
from social.posts import Change, Draft, create_post, delete_post, edit_post
from social.tidying import ERASED_AFTER_DAYS, erase_deleted, tidy
from social.timelines import DAY_MS
from storage.database import Database
from storage.queries import announcements as stored
from storage.queries.idempotency import claim
from storage.queries.posts import by_id
from storage.queries.timelines import homes_with
from storage.tables.accounts import idempotency_keys
from storage.tables.posts import post_versions
from storage.tx import Tx
from storage.views.posts import visible
from tests.support.factories import (
    NODE,
    add_home_entry,
    add_node,
    add_person,
    add_post,
    add_reply,
)

pytestmark = pytest.mark.both


async def test_deleted_words_are_erased_after_thirty_days(database: Database) -> None:
    def fill(tx: Tx) -> tuple[int, int, int]:
        add_node(tx)
        ana = add_person(tx, "ana")
        kept = add_post(tx, ana, Audience.public())
        draft = Draft("soon gone #tag", visibility="world", summary="careful")  # type: ignore[arg-type]
        gone = create_post(tx, node=NODE, author_id=ana, draft=draft).post_id
        answer = add_reply(tx, ana, gone)
        edit_post(tx, node=NODE, author_id=ana, post_id=gone, change=Change(text="edited"))
        delete_post(tx, node=NODE, author_id=ana, post_id=gone)
        return kept, gone, answer

    kept, gone, answer = await database.write(fill)
    row = await database.read(by_id, gone)
    assert row is not None
    assert row.deleted_at is not None
    month = ERASED_AFTER_DAYS * DAY_MS
    assert await erase_deleted(database, now=row.deleted_at + month - 1) == 0
    assert len(await database.read(lambda tx: tx.all(VERSIONS))) == 1
    assert await erase_deleted(database, now=row.deleted_at + month) == 1
    assert await erase_deleted(database, now=row.deleted_at + month) == 0
    blank = await database.read(by_id, gone)
    assert blank is not None
    assert (blank.content, blank.source, blank.summary) == ("", None, "")
    assert await database.read(lambda tx: tx.all(VERSIONS)) == []
    for post in (kept, answer):
        assert (await database.read(visible, post, ANONYMOUS)).row.content == "<p>words</p>"


async def test_homes_and_keys_are_tidied(database: Database) -> None:
    def fill(tx: Tx) -> list[int]:
        ana, away = add_person(tx, "ana"), add_person(tx, "away", home_fresh_until=0)
        for number in range(1, 803):
            add_home_entry(tx, ana, number, ana)
        add_home_entry(tx, away, 802, ana)
        claim(tx, ana, "new", 1)
        tx.now -= 2 * 3600 * 1000
        claim(tx, ana, "old", 1)
        return [ana, away]

    people = await database.write(fill)
    await tidy(database, now=0)
    assert await database.read(homes_with, 802, people) == {people[0]}
    assert await database.read(homes_with, 2, people) == set()
    assert await database.read(homes_with, 3, people) == {people[0]}

    def keys(tx: Tx) -> list[str]:
        return [row[0] for row in tx.all(KEYS)]

    assert await database.read(keys) == ["new"]


KEYS = select(idempotency_keys.c.key)
VERSIONS = select(post_versions.c.content)


async def test_what_was_announced_is_forgotten_when_it_is_long_over(database: Database) -> None:
    def announced(tx: Tx) -> tuple[int, int]:
        add_node(tx)
        ending = Words(text="The party", ends_at=tx.now + DAY_MS)
        return (
            announcements.publish(tx, node=NODE, words=ending),
            announcements.publish(tx, node=NODE, words=Words(text="The kitchen")),
        )

    async def words_of(number: int) -> str:
        row = await database.read(stored.by_id, number)
        assert row is not None
        return row.source

    over, standing = await database.write(announced)
    now = await database.read(lambda tx: tx.now)
    await tidy(database, now=now + 30 * DAY_MS)
    assert await words_of(over) == "The party"
    await tidy(database, now=now + 32 * DAY_MS)
    assert (await words_of(over), await words_of(standing)) == ("", "The kitchen")
