"""Homes of people who come back: built once, and seen whole by everybody who asks meanwhile."""

import asyncio

import pytest

from domain.audience import Audience
from social.timelines import home
from storage.database import Database
from storage.tx import Tx
from storage.views.paging import Page
from tests.support.factories import add_follow, add_person, add_post, member


@pytest.mark.both
async def test_nobody_sees_an_empty_home_while_it_is_built(database: Database) -> None:
    def make(tx: Tx) -> tuple[int, int]:
        ana, bo = add_person(tx, "ana", home_fresh_until=0), add_person(tx, "bo")
        add_follow(tx, ana, bo)
        return ana, add_post(tx, bo, Audience.public())

    ana, post = await database.write(make)
    pages = await asyncio.gather(
        *(home(database, viewer=member(ana), page=Page()) for _ in range(16))
    )
    assert [[entry.post_id for entry in page] for page in pages] == [[post]] * 16
