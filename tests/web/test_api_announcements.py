"""What the operator announces: read, dismissed and answered with emoji, and told as it happens."""

from typing import Any

import orjson
import pytest

from domain.errors import Invalid
from domain.house import MOST_ANNOUNCEMENTS, MOST_REACTIONS
from social import announcements, emojis
from social.announcements import Words
from social.departures import leave_for_good, remove_the_rest
from storage.queries import announcements as stored
from storage.tx import Tx
from tests.support.commands import done, refused
from tests.support.nodes import Person, RunningNode
from tests.support.strict import check
from tests.web.test_streaming import USER, frame, quiet, socket
from tests.web.visitor import Visitors
from web.mastodon.entities.announcements import Announcement, Reacting

PATH = "/api/v1/announcements"


async def publish(node: RunningNode, text: str = "The kitchen is new", **more: Any) -> str:
    words = Words(text=text, **more)
    return str(await node.db.write(announcements.publish, node=node.node, words=words))


async def shown(person: Person) -> list[Any]:
    return [check(Announcement, one) for one in await person.get(PATH)]


@pytest.mark.operation("GET /api/v1/announcements", "POST /api/v1/announcements/:id/dismiss")
async def test_what_is_announced_is_shown_until_it_is_taken_down(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    text = "Party #friday\nat https://x.example/"
    said = await done(node, "announce", "add", text, "--until", "2999-12-31")
    number = said.split()[1]
    [one] = await shown(ana)
    assert (one["id"], one["read"], one["all_day"]) == (number, False, True)
    assert 'href="https://x.example/"' in one["content"]
    assert one["ends_at"] == "3000-01-01T00:00:00.000Z"
    assert [tag["name"] for tag in one["tags"]] == ["friday"]
    assert await ana.post(f"{PATH}/{number}/dismiss") == {}
    assert await ana.post(f"{PATH}/{number}/dismiss") == {}, "again changes nothing"
    other_app = await ana.second_app()
    assert [one["read"] for one in await shown(other_app)] == [True]
    assert [one["read"] for one in await shown(bo)] == [False], "for others it is new"
    await done(node, "announce", "change", number, "No party")
    assert "until 2999-12-31" in await done(node, "announce", "list"), "its end stays"
    assert [(one["content"], one["read"]) for one in await shown(ana)] == [
        ("<p>No party</p>", True)
    ]
    assert number in await done(node, "announce", "list")
    await done(node, "announce", "remove", number)
    assert await shown(ana) == []
    assert (await ana.ask("POST", f"{PATH}/{number}/dismiss")).status == 404
    assert "no announcement" in await refused(node, "announce", "remove", number)
    assert "Nothing is announced" in await done(node, "announce", "list")


async def test_what_cannot_be_announced_is_refused(node: RunningNode) -> None:
    assert "between 1 and" in await refused(node, "announce", "add", " ")
    assert "after now" in await refused(node, "announce", "add", "x", "--until", "2001-01-01")
    far = "9999-12-31T23:59:00-05:00"
    assert "too far away" in await refused(node, "announce", "add", "x", "--until", far)
    with pytest.raises(Invalid, match="too far away"):
        await publish(node, ends_at=253_402_318_740_000)
    assert "is no time" in await refused(node, "announce", "add", "x", "--until", "soon")
    for _ in range(MOST_ANNOUNCEMENTS):
        await publish(node)
    assert "take one down" in await refused(node, "announce", "add", "x")


async def test_H01_markup_in_an_announcement_is_text(node: RunningNode, ana: Person) -> None:
    await publish(node, "<script>alert(1)</script> javascript:alert(1)")
    [one] = await shown(ana)
    assert "<script" not in one["content"]
    assert "href" not in one["content"]
    assert "&lt;script&gt;" in one["content"]


@pytest.mark.operation(
    "PUT /api/v1/announcements/:id/reactions/:name",
    "DELETE /api/v1/announcements/:id/reactions/:name",
)
async def test_reactions_are_counted_for_members(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    number = await publish(node)
    reaction = f"{PATH}/{number}/reactions/🎉"
    for person in (ana, bo, bo):
        assert (await person.ask("PUT", reaction)).json == {}
    [one] = await shown(ana)
    assert one["reactions"] == [{"name": "🎉", "count": 2, "me": True}]
    assert (await bo.ask("DELETE", reaction)).json == {}
    assert (await bo.ask("DELETE", reaction)).json == {}, "again changes nothing"
    assert (await shown(bo))[0]["reactions"] == [{"name": "🎉", "count": 1, "me": False}]


async def test_reactions_are_emoji_and_few(node: RunningNode, ana: Person, bo: Person) -> None:
    number = await publish(node)
    await node.db.write(emojis.add, shortcode="party", picture=b"png", category="")
    for name in ("word", "🎉🎉", "absent", "<b>"):
        answer = await ana.ask("PUT", f"{PATH}/{number}/reactions/{name}")
        assert (answer.status, "emoji" in answer.json["error"]) == (422, True)
    assert (await ana.ask("PUT", f"{PATH}/1/reactions/🎉")).status == 404
    await ana.ask("PUT", f"{PATH}/{number}/reactions/party")
    [own] = (await shown(ana))[0]["reactions"]
    assert own["url"].startswith(f"{node.origin}/emoji/party-")
    for name in "🎉💡🤔🙏👍🌱🍀"[: MOST_REACTIONS - 1]:
        assert (await ana.ask("PUT", f"{PATH}/{number}/reactions/{name}")).status == 200
    assert (await bo.ask("PUT", f"{PATH}/{number}/reactions/🌻")).status == 422
    assert (await bo.ask("PUT", f"{PATH}/{number}/reactions/🎉")).status == 200


async def test_G26_guests_learn_neither_of_what_is_for_members_nor_of_their_reactions(
    node: RunningNode, ana: Person, gina: Person
) -> None:
    hidden = await publish(node, "For members", for_members=True)
    known = await publish(node, "For all")
    await ana.ask("PUT", f"{PATH}/{known}/reactions/🎉")
    assert len(await shown(ana)) == 2
    [one] = await shown(gina)
    assert (one["id"], one["reactions"]) == (known, [])
    await gina.ask("PUT", f"{PATH}/{known}/reactions/🎉")
    assert (await shown(gina))[0]["reactions"] == [{"name": "🎉", "count": 1, "me": True}]
    for method, path in (("POST", "dismiss"), ("PUT", "reactions/🎉"), ("DELETE", "reactions/🎉")):
        answers = [await gina.ask(method, f"{PATH}/{number}/{path}") for number in (hidden, 1)]
        assert {answer.status for answer in answers} == {404}
        assert answers[0].body == answers[1].body
    assert (await node.ask("GET", PATH)).status == 401


async def test_G34_those_who_are_connected_are_told_and_guests_of_their_own_alone(
    node: RunningNode, ana: Person, gina: Person
) -> None:
    async with socket(ana, USER) as live, socket(gina, USER) as guests:
        hidden = (await done(node, "announce", "add", "For members", "--members-only")).split()[1]
        found = await frame(live)
        assert (found["stream"], found["event"]) == (["user"], "announcement")
        assert check(Announcement, orjson.loads(found["payload"]))["id"] == hidden
        await ana.ask("PUT", f"{PATH}/{hidden}/reactions/🎉")
        found = await frame(live)
        assert found["event"] == "announcement.reaction"
        reacted = check(Reacting, orjson.loads(found["payload"]))
        assert reacted == {"name": "🎉", "count": 1, "me": True, "announcement_id": hidden}
        await done(node, "announce", "remove", hidden)
        found = await frame(live)
        assert (found["event"], found["payload"]) == ("announcement.delete", hidden)
        known = await publish(node)
        told = await frame(guests)
        assert (told["event"], orjson.loads(told["payload"])["id"]) == ("announcement", known)
        await ana.ask("PUT", f"{PATH}/{known}/reactions/🎉")
        await quiet(guests)


async def test_an_announcement_ends_by_itself(node: RunningNode, ana: Person) -> None:
    def soon_over(tx: Tx) -> int:
        words = Words(text="The kitchen is new", ends_at=tx.now + 400)
        return announcements.publish(tx, node=node.node, words=words)

    async with socket(ana, USER) as live:
        number = str(await node.db.write(soon_over))
        found = await frame(live)
        if found["event"] == "announcement":
            found = await frame(live)
        assert (found["event"], found["payload"]) == ("announcement.delete", number)
    assert await shown(ana) == []


async def test_who_leaves_for_good_leaves_no_reaction(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    number = await publish(node)
    await bo.ask("PUT", f"{PATH}/{number}/reactions/🎉")
    await bo.post(f"{PATH}/{number}/dismiss")
    await node.db.write(leave_for_good, node=node.node, account_id=bo.id)
    await remove_the_rest(node.parts.fetcher, bo.id)
    assert (await shown(ana))[0]["reactions"] == []
    assert await node.db.read(stored.counts, [int(number)], bo.id, full=False) == []


async def test_the_home_page_shows_it_until_it_was_read(
    node: RunningNode, ana: Person, gina: Person, visitors: Visitors
) -> None:
    await publish(node, "The kitchen <b>is</b> new", for_members=True)
    browser, guests = await visitors.of(ana), await visitors.of(gina)
    assert "The kitchen" not in (await guests.get("/")).text
    home = await browser.get("/")
    assert "The kitchen <b>is</b> new" in home.text, "as it was typed"
    [form] = home.tree.css('form[action^="/announcements/"]')
    address = str(form.attributes["action"])
    [csrf] = (await guests.get("/")).tree.css('input[name="csrf"]')[:1]
    refused_to = await guests.post(address, csrf=str(csrf.attributes["value"]))
    assert refused_to.status == 404
    assert "The kitchen" not in (await browser.follow(await browser.send(address))).text
    assert [one["read"] for one in await shown(ana)] == [True], "apps know it, too"
