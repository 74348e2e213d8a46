"""Naming somebody of another server whom this node does not know yet."""

import asyncio
from pathlib import Path

import pytest

from domain.choices import Choice
from domain.kinds import Role
from federation.fetcher import Fetcher
from social import posts
from social.posts import Created, Draft, write_post
from storage.database import Database
from storage.tx import Tx
from storage.views.posts import PostView, visible
from tests.social.test_resolve import PLAIN, Far, asking
from tests.support.factories import add_person, guest, member


def joins(tx: Tx, role: Role = Role.MEMBER) -> int:
    return add_person(tx, "ana", role=role)


async def write(database: Database, fetcher: Fetcher, author: int, text: str) -> Created:
    draft = Draft(text, visibility=Choice.DIRECT)
    return await write_post(database, fetcher, node=PLAIN, author_id=author, draft=draft)


async def named(database: Database, author: int, made: Created) -> PostView:
    return await database.read(visible, made.post_id, member(author))


async def test_an_unknown_handle_is_asked_for_and_named(database: Database, tmp_path: Path) -> None:
    ana = await database.write(joins)
    async with asking(database, tmp_path) as (far, fetcher):
        made = await write(database, fetcher, ana, f"{far.zoe} and @x@127.0.0.1:1 hello")
        view = await named(database, ana, made)
        assert [actor.uri for actor in view.mentioned] == [f"{far.origin}/u/zoe"]
        asked = len(far.asked)
        await write(database, fetcher, ana, f"{far.zoe} again")
        assert len(far.asked) == asked, "who is known is not asked for again"


async def test_for_a_guest_nobody_is_asked(database: Database, tmp_path: Path) -> None:
    gina = await database.write(joins, Role.GUEST)
    async with asking(database, tmp_path) as (far, fetcher):
        made = await write(database, fetcher, gina, f"{far.zoe} hello")
        view = await database.read(visible, made.post_id, guest(gina))
        assert (view.mentioned, far.asked) == ((), [])


async def test_a_handle_that_leads_to_somebody_else_stays_plain_text(
    database: Database, tmp_path: Path
) -> None:
    ana = await database.write(joins)
    async with asking(database, tmp_path) as (far, fetcher):
        far.robbed = True
        made = await write(database, fetcher, ana, f"{far.zoe} hello")
        assert (await named(database, ana, made)).mentioned == ()


async def test_a_slow_server_holds_a_post_up_for_a_while_only(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posts, "LOOK_UP_SECONDS", 0.1)
    ana = await database.write(joins)
    async with asking(database, tmp_path) as (far, fetcher):
        assert isinstance(far, Far)
        far.slow = asyncio.Event()
        made = await write(database, fetcher, ana, f"{far.zoe} hello")
        assert (await named(database, ana, made)).mentioned == ()
        far.slow.set()
        await asyncio.wait(posts._under_way)
        made = await write(database, fetcher, ana, f"{far.zoe} hello")
        assert len((await named(database, ana, made)).mentioned) == 1
