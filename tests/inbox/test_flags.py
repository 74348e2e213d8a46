"""Flag from other servers: who hears of it, and rows O11, O21 and G60 of the catalogue."""

from typing import Any

import orjson
import pytest

from domain.choices import Choice
from domain.kinds import NotificationKind, Role
from social.accusations import BURST, NOBODY
from social.profiles import ProfileChange, update_profile
from storage.queries import accounts, reports
from storage.queries.disclosures import disclose
from storage.queries.reports import ReportRow
from storage.views.actors import ActorView
from tests.inbox.giving import dropped, give, in_vain, known
from tests.inbox.home import Home
from tests.support.stranger import Document, Person, Stranger


@pytest.fixture
async def mod(here: Home) -> ActorView:
    return await here.someone("mona", Role.MODERATOR)


@pytest.fixture
async def server(here: Home, b: Stranger) -> Person:
    """B itself, which reports for its people."""
    person = b.person("instance", kind="Application", key=4)
    await known(here, person)
    return person


async def hidden_one(here: Home) -> ActorView:
    """Somebody whom nobody outside may look up."""
    person = await here.someone("hidden")
    change = ProfileChange(public=False)
    await here.db.write(update_profile, node=here.node, actor_id=person.id, change=change)
    return person


async def kept(here: Home) -> list[ReportRow]:
    return [ReportRow(*row) for row in sorted(await here.rows("reports"))]


async def posts_of(here: Home, report: ReportRow) -> list[int]:
    return await here.db.read(reports.posts_of, report.id)


def flag(by: Person, *about: str, content: str = "rude", **extra: Any) -> Document:
    named: Any = list(about) if len(about) > 1 else about[0]
    return by.server.activity(by, "Flag", named, content=content, **extra)


@pytest.mark.interop("Flag", "in", "a report for moderators, posts attached", peer="a stranger")
async def test_a_server_reports_somebody_here_with_posts(
    here: Home, server: Person, alice: ActorView, mod: ActorView
) -> None:
    """As Mastodon sends it: by the server itself, the accused first, without `to`."""
    words = await here.post(alice, "what alice says")
    await give(here, server, flag(server, alice.uri, words.uri))
    (report,) = await kept(here)
    assert (report.accused_id, report.comment, report.community_id) == (alice.id, "rude", 0)
    assert await posts_of(here, report) == [words.id]
    told = [row for row in await here.rows("notifications") if mod.id in row]
    assert [row[2] for row in told] == [NotificationKind.REPORT]


@pytest.mark.interop("Flag", "in", "a post alone is enough: its author is meant", peer="a stranger")
async def test_a_post_alone_is_enough(
    here: Home, b: Stranger, ana: Person, alice: ActorView, mod: ActorView
) -> None:
    words = await here.post(alice, "what alice says")
    await give(here, ana, flag(ana, words.uri, content="<p>rude<br>words</p>"))
    (report,) = await kept(here)
    assert (report.accused_id, report.comment) == (alice.id, "rude\nwords")


async def test_O21_one_server_has_one_open_report_about_somebody(
    here: Home, b: Stranger, server: Person, ana: Person, alice: ActorView, mod: ActorView
) -> None:
    first, second = await here.post(alice, "one"), await here.post(alice, "two")
    await give(
        *(here, server),
        flag(server, alice.uri, first.uri),
        flag(server, alice.uri, second.uri, content="again"),
    )
    await give(here, ana, flag(ana, alice.uri))
    (report,) = await kept(here)
    assert sorted(await posts_of(here, report)) == sorted([first.id, second.id])
    notes = await here.db.read(reports.notes_of, report.id)
    assert [note.text for note in notes] == ["again"]
    assert len([row for row in await here.rows("notifications") if mod.id in row]) == 1


async def test_O21_ten_thousand_objects_are_taken_and_looked_at_to_a_limit(
    here: Home, server: Person, alice: ActorView
) -> None:
    words = await here.post(alice, "what alice says")
    many = [alice.uri, words.uri, *(f"http://x.test/{number}" for number in range(9_000))]
    await give(here, server, flag(server, *many))
    (report,) = await kept(here)
    assert await posts_of(here, report) == [words.id]


async def test_O21_a_flood_of_reports_ends(
    here: Home, server: Person, alice: ActorView, mod: ActorView
) -> None:
    people = [await here.someone(f"p{number}") for number in range(BURST + 3)]
    for person in people:
        await here.post(person, "hello")
    await give(here, server, *(flag(server, person.uri) for person in people))
    assert len(await kept(here)) == BURST
    assert await dropped(here) == "too many reports from that server"


async def test_O11_O21_G60_unknown_and_hidden_are_the_same(
    here: Home, b: Stranger, server: Person, ana: Person, alice: ActorView
) -> None:
    """Somebody of whom B never heard, a post that it does not have, and nobody at all."""
    hidden = await hidden_one(here)
    private = await here.post(alice, "for followers", Choice.PRIVATE)
    foreign = b.note(ana)
    for about in (
        (f"{here.node.origin}/a/123456",),
        (f"{here.node.origin}/o/123456",),
        (hidden.uri,),
        (private.uri,),
        (foreign["id"],),
        (ana.uri, foreign["id"]),
    ):
        await in_vain(here, server, flag(server, *about))
        assert await dropped(here) == NOBODY


async def test_O11_what_a_server_was_sent_it_may_report(
    here: Home, server: Person, ana: Person, alice: ActorView
) -> None:
    """The positive twin: told of her, it may report her; it still has not her private words."""
    hidden = await hidden_one(here)
    there = await known(here, server)
    await here.db.write(disclose, [hidden.id], [there.origin_id])
    private = await here.post(hidden, "for followers", Choice.PRIVATE)
    await give(here, server, flag(server, hidden.uri, private.uri))
    (report,) = await kept(here)
    assert (report.accused_id, await posts_of(here, report)) == (hidden.id, [])


@pytest.mark.parametrize("about", [[], [7, None], [{}], "no address"], ids=repr)
async def test_O17_a_report_about_nothing_is_refused(
    here: Home, server: Person, about: Any
) -> None:
    body = orjson.dumps(server.server.activity(server, "Flag", about))
    headers = server.server.signed(server, here.inbox, body)
    assert (await server.server.send(here.inbox, body, headers)).status == 400
    assert await kept(here) == []


async def test_the_accused_is_not_told_even_as_a_moderator(
    here: Home, server: Person, mod: ActorView
) -> None:
    await here.post(mod, "hello")
    await give(here, server, flag(server, mod.uri))
    assert len(await kept(here)) == 1
    assert await here.rows("notifications") == []
    row = await here.db.read(accounts.by_id, mod.id)
    assert row is not None
    assert row.role is Role.MODERATOR


async def test_H01_what_is_said_is_plain_text(here: Home, server: Person, alice: ActorView) -> None:
    await here.post(alice, "hello")
    await give(here, server, flag(server, alice.uri, content="<script>x</script><b>rude</b>" * 500))
    (report,) = await kept(here)
    assert not {"<b>", "<script>"} & set(report.comment.split("rude"))
    assert len(report.comment) <= 4_000
