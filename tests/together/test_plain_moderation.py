"""Members on plain servers who report a copy, leave for good, or block: seen by the community."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Select, select

from storage.queries import communities, reports
from storage.queries.reports import ReportRow
from storage.tables.reports import reports as table
from storage.tx import Tx
from tests.together.plain_club import SECRET, WORDS, PlainClub, answer
from tests.together.stories import is_gone, settled

_ALL: Select[*tuple[Any, ...]] = select(*table.c).order_by(table.c.id)


def reported(tx: Tx) -> list[tuple[ReportRow, list[int]]]:
    rows = [ReportRow(*row) for row in tx.all(_ALL)]
    return [(row, reports.posts_of(tx, row.id)) for row in rows]


@pytest.mark.interop(
    "Flag", "in", "of a member's copy: a report of the post behind it", peer="scripted Mastodon"
)
async def test_a_copy_that_is_reported_is_the_post_behind_it(club: PlainClub) -> None:
    """Mastodon names the copy's author, which is the community, and the copy."""
    said = await club.say(club.bo, SECRET)
    copy = club.copy(club.mastodon, club.dee, SECRET)
    server = club.mastodon.server
    instance = server.person("instance", kind="Application", key=5)
    flag = server.activity(instance, "Flag", [club.uri, copy.id], content="he shouts")
    assert (await server.deliver(instance, f"{club.hq.origin}/inbox", flag)).status == 202
    await settled(club.hq)
    [(report, posts)] = await club.hq.db.read(reported)
    assert (report.accused_id, report.community_id) == (club.bo.id, club.id)
    assert posts == [int(said["id"])]
    told = [one["status"]["content"] for one in await club.ana.notifications() if "status" in one]
    assert any("he shouts" in one for one in told), "a steward is told"


async def test_G60_somebody_elses_copy_is_no_copy(club: PlainClub) -> None:
    """GoToSocial's copy, reported by Mastodon: as an unknown id."""
    await club.say(club.bo, SECRET)
    copy = club.copy(club.gotosocial, club.gil, SECRET)
    server = club.mastodon.server
    flag = server.activity(club.dee, "Flag", [copy.id], content="he shouts")
    assert (await server.deliver(club.dee, f"{club.hq.origin}/inbox", flag)).status == 202
    await settled(club.hq)
    assert await club.hq.db.read(reported) == []


@pytest.mark.parametrize("keeps", [False, True], ids=["taken back", "kept"])
@pytest.mark.interop(
    "Delete{Person}", "in", "a member's words are the community's", peer="scripted Mastodon"
)
async def test_the_words_of_a_member_who_is_gone(club: PlainClub, keeps: bool) -> None:
    await club.hq.db.write(_keep_words, club.id, keeps)
    await club.say(club.ana, SECRET)
    written = await answer(club, club.mastodon, club.dee, SECRET)
    row = await club.heard(written)
    assert row is not None
    assert club.gotosocial.sees(club.gil, WORDS)
    server = club.mastodon.server
    delete = server.activity(club.dee, "Delete", club.dee.uri)
    assert (await server.deliver(club.dee, f"{club.hq.origin}/inbox", delete)).status == 202
    await settled(club.hq)
    if not keeps:
        await is_gone(club.ana, str(row.id))
        await settled(club.hq)
        assert not club.gotosocial.sees(club.gil, WORDS)
        return
    shown = await club.ana.get(f"/api/v1/statuses/{row.id}")
    assert shown["account"]["display_name"] == "Former member"
    assert club.gotosocial.sees(club.gil, WORDS)


def _keep_words(tx: Tx, community_id: int, keeps: bool) -> None:
    row = communities.by_id(tx, community_id)
    assert row is not None
    communities.update_community(tx, replace(row, keeps_words=keeps))


async def test_P11_a_member_there_who_is_blocked_gets_no_copies(club: PlainClub) -> None:
    account = await club.bo.find(f"@dee@{club.mastodon.server.authority}")
    await club.bo.post(f"/api/v1/accounts/{account['id']}/block")
    await settled(club.hq)
    await club.say(club.bo, SECRET)
    await club.say(club.ana, "the other lock")
    assert not club.mastodon.sees(club.dee, SECRET)
    assert club.mastodon.sees(club.dee, "the other lock")
    assert club.gotosocial.sees(club.gil, SECRET)
    await answer(club, club.mastodon, club.dee, "the other lock")
    await club.ana.sees(WORDS)
    assert WORDS not in str(await club.bo.get(club.timeline))
