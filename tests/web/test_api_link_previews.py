"""Previews of linked pages: fetched by a job, shown with the post, and what is never fetched."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, update

from domain.audience import Audience
from domain.ids import HERE
from domain.kinds import RuleAction
from federation.policy import may_look_at
from social.link_previews import LOOK, look
from social.proxying import on_page
from storage.queries import link_previews, proxied
from storage.queries.origins import set_rule
from storage.tables.jobs import jobs
from storage.tables.link_previews import link_previews as table
from tests.support.databases import folder_beside
from tests.support.nodes import Json, Person, RunningNode, running_node, until
from tests.support.pictures import picture
from tests.support.stranger import Page, Stranger, stranger
from tests.web.gathering import found_club
from tests.web.looking import for_the_world
from tests.web.visitor import Visitors

COUNT = select(func.count(table.c.id))
JOBS = select(func.count(jobs.c.id)).where(jobs.c.kind == LOOK)
NEWEST = select(func.max(table.c.id))
PAGE = (
    b"<html><head><title>Not this</title><meta property='og:title' content='Learning &lt;b&gt;'>"
    b"<meta property='og:description' content='All about it'>"
    b"<meta property='og:image' content='/pictures/1.png'>"
    b"<meta property='og:image:width' content='64'><meta property='og:image:height' content='48'>"
    b"<meta name='author' content='Lee'></head><body>words</body></html>"
)


@pytest.fixture
async def node(new_database_url: Callable[[], str]) -> AsyncIterator[RunningNode]:
    """A node that looks at pages; the other tests' do not."""
    url = new_database_url()
    settings: dict[str, Any] = {"public_means": "network", "link_previews": "on"}
    async with running_node(url, folder_beside(url) / "hq", **settings) as running:
        yield running


@pytest.fixture
async def paper() -> AsyncIterator[Stranger]:
    """A web site, which speaks no ActivityPub."""
    async with stranger("paper") as server:
        server.pages["/learning"] = Page(PAGE, type="text/html; charset=utf-8")
        server.pages["/pictures/1.png"] = Page(picture("PNG"), type="image/png")
        yield server


async def card_of(who: Person, status: Json) -> Json:
    """The card of a status, once it is there."""
    found: Json = None

    async def there() -> bool:
        nonlocal found
        found = (await who.get(f"/api/v1/statuses/{status['id']}"))["card"]
        return found is not None

    await until(there)
    return found


@pytest.mark.operation("GET /api/v1/timelines/link")
async def test_a_linked_page_is_shown_to_readers_and_its_picture_comes_through_us(
    node: RunningNode, paper: Stranger, ana: Person, bo: Person
) -> None:
    await bo.follow(ana)
    address = paper.url("/learning")
    status = await ana.say(f"@bo #read this: {address}#part, and {paper.url('/other')}")
    card = await card_of(bo, status)
    assert (card["title"], card["description"]) == ("Learning <b>", "All about it")
    assert (card["url"], card["type"], card["html"]) == (address, "link", "")
    assert (card["width"], card["height"]) == (64, 48)
    assert card["authors"] == [{"name": "Lee", "url": "", "account": None}]
    assert card["image"].startswith(f"{node.origin}/proxy/")
    assert (await node.ask("GET", card["image"])).headers["Content-Type"] == "image/png"
    (home,) = [each for each in await bo.home() if each["id"] == status["id"]]
    assert home["card"] == card, "the page that was rendered before has it as well"
    linking = await bo.get("/api/v1/timelines/link", url=card["url"])
    assert [each["id"] for each in linking] == [status["id"]]
    (asked,) = [seen for seen in paper.seen if seen.path == "/learning"]
    assert not {"signature", "signature-input", "cookie", "authorization"} & asked.headers.keys()
    assert paper.fetches("/other") == 0, "one page for each post"


async def test_the_server_of_a_picture_on_a_card_never_learns_that_somebody_reads(
    node: RunningNode, paper: Stranger, ana: Person
) -> None:
    card = await card_of(ana, await ana.say(paper.url("/learning")))
    assert paper.fetches("/pictures/1.png") == 1, "with its page, before anybody looks"
    assert (await node.ask("GET", card["image"])).status == 200
    name = on_page(paper.url("/pictures/1.png"))
    await node.db.write(proxied.forget, [proxied.key_of(name)])
    assert (await node.ask("GET", card["image"])).status == 404
    assert paper.fetches("/pictures/1.png") == 1
    assert (await node.ask("GET", node.node.proxy(paper.url("/pictures/1.png")))).status == 200
    assert paper.fetches("/pictures/1.png") == 2, "the same as the picture of a person is another"


async def test_a_card_has_no_picture_that_is_none(paper: Stranger, ana: Person) -> None:
    paper.pages["/pictures/1.png"] = Page(b"<svg>", type="image/svg+xml")
    card = await card_of(ana, await ana.say(paper.url("/learning")))
    assert (card["title"], card["image"], card["width"]) == ("Learning <b>", None, 0)


async def test_D16_one_page_that_says_nonsense_breaks_no_timeline(
    node: RunningNode, paper: Stranger, ana: Person
) -> None:
    """Neither what it says now, nor what was stored before."""
    late = b"<meta property='article:published_time' content='9999-12-31T23:59:59-12:00'>"
    paper.pages["/late"] = Page(late + b"<title>Late</title>", type="text/html;charset=iso-8859-12")
    card = await card_of(ana, await ana.say(paper.url("/late")))
    assert (card["title"], card["published_at"]) == ("Late", None)
    await node.db.write(lambda tx: tx.change(update(table).values(published_at=253402343999000)))
    await ana.say(f"again {paper.url('/late')}")
    assert len(await ana.home()) == 2


@pytest.mark.parametrize("what", ["page", "picture"])
async def test_O16_a_blocked_server_is_not_asked_on_the_way_either(
    node: RunningNode, paper: Stranger, ana: Person, what: str
) -> None:
    async with stranger("bad") as bad, stranger("mid") as mid:
        path = "/learning" if what == "page" else "/pictures/1.png"
        bad.pages["/on"] = Page(b"", status=302, headers={"Location": paper.url(path)})
        mid.pages["/on"] = Page(b"", status=302, headers={"Location": bad.url("/on")})
        image = b"<title>x</title><meta property='og:image' content='%s'>" % mid.url("/on").encode()
        mid.pages["/page"] = Page(image, type="text/html")
        await node.db.write(set_rule, bad.authority, RuleAction.BLOCK)
        status = await ana.say(mid.url("/on" if what == "page" else "/page"))
        await until(partial(tried, node))
        card = (await ana.get(f"/api/v1/statuses/{status['id']}"))["card"]
        assert (card is None) if what == "page" else (card["image"] is None)
        assert mid.fetches("/on") == 1
        assert bad.seen == []
        assert paper.seen == []


async def test_an_edit_brings_another_card_or_none(paper: Stranger, ana: Person) -> None:
    paper.pages["/more"] = Page(b"<title>More</title>", type="text/html")
    status = await ana.say(f"see {paper.url('/learning')}")
    await card_of(ana, status)
    await ana.put(f"/api/v1/statuses/{status['id']}", status=f"see {paper.url('/more')}")
    assert (await card_of(ana, status))["title"] == "More"
    bare = await ana.put(f"/api/v1/statuses/{status['id']}", status="see nothing")
    assert bare["card"] is None


async def test_pages_in_words_for_few_are_not_looked_at(
    node: RunningNode, paper: Stranger, ana: Person, bo: Person
) -> None:
    for visibility in ("private", "direct"):
        await ana.say(f"@bo {paper.url('/learning')}", visibility=visibility)
    assert await node.db.read(lambda tx: tx.scalar(COUNT)) == 0
    shown = await ana.say(f"for all: {paper.url('/learning')}")
    await card_of(bo, shown)
    assert paper.fetches("/learning") == 1


async def test_G24_what_others_link_to_is_known_to_them_alone(
    node: RunningNode, paper: Stranger, ana: Person, bo: Person, gina: Person
) -> None:
    """Each audience looks for itself: nobody learns by a fast card that a page is known here."""
    club = await found_club(ana, bo)
    address = paper.url("/learning")
    inside = await ana.say(f"@club {address}", visibility="private")
    await card_of(bo, inside)
    assert await gina.get("/api/v1/timelines/link", url=address) == []
    assert await bo.get("/api/v1/timelines/link", url=address) == [], "it is listed in its place"
    outside = await bo.say(f"{address}")
    await card_of(ana, outside)
    assert paper.fetches("/learning") == 2
    assert await gina.get("/api/v1/timelines/link", url=address) == []
    assert len(await ana.get("/api/v1/timelines/link", url=address)) == 1
    assert club.id


async def test_F11_our_own_pages_are_never_looked_at(node: RunningNode, ana: Person) -> None:
    port = node.origin.rsplit(":", 1)[1]
    for path in ("/@ana", "/settings", "/a/1", "/?x=http://paper.example"):
        status = await ana.say(f"{node.origin}{path}")
        assert status["card"] is None
    assert await node.db.read(lambda tx: tx.scalar(COUNT)) == 0
    alias = f"http://127.0.0.1:{port}/@ana"
    status = await ana.say(alias)
    preview = await node.db.write(link_previews.of, alias, Audience.network(HERE))
    await until(partial(tried, node))
    assert not preview.says_something
    assert (await ana.get(f"/api/v1/statuses/{status['id']}"))["card"] is None


async def tried(node: RunningNode, pages: int = 1) -> bool:
    """Whether so many pages were looked at, with whatever success."""
    counted = select(func.count(table.c.id)).where(table.c.tried_at.is_not(None))
    return await node.db.read(lambda tx: tx.scalar(counted)) == pages


ASTRAY = {
    "no_page": Page(b"%PDF-1.7", type="application/pdf"),
    "missing": Page(b"<title>x</title>", type="text/html", status=404),
    "silent": Page(b"<p>nothing said</p>", type="text/html"),
    "F01_inside": Page(b"", status=302, headers={"Location": "http://10.0.0.1/"}),
    "F01_file": Page(b"", status=302, headers={"Location": "file:///etc/passwd"}),
    "no_reference": Page(b"", status=302, headers={"Location": "http://[::1"}),
    "document": Page({"type": "Note"}),
}


async def test_what_is_no_page_or_leads_astray_has_no_card(
    node: RunningNode, paper: Stranger, ana: Person
) -> None:
    made = []
    for name, page in ASTRAY.items():
        paper.pages[f"/{name}"] = page
        made.append(await ana.say(paper.url(f"/{name}")))
    await until(partial(tried, node, len(ASTRAY)))
    for each in made:
        assert (await ana.get(f"/api/v1/statuses/{each['id']}"))["card"] is None


async def test_the_beginning_of_an_endless_page_is_enough(paper: Stranger, ana: Person) -> None:
    paper.pages["/long"] = Page(PAGE + b"<p>word</p>" * 400_000, type="text/html")
    status = await ana.say(paper.url("/long"))
    assert (await card_of(ana, status))["title"] == "Learning <b>"


async def test_H06_oembed_is_asked_for_its_texts_alone(paper: Stranger, ana: Person) -> None:
    told: dict[str, Any] = {
        "type": "video",
        "author_name": "Bo",
        "provider_name": "Tube",
        "html": "<script>alert(1)</script>",
    }
    paper.add("/oembed", told, type="application/json")
    link = b"<link rel=alternate type='application/json+oembed' href='/oembed'>"
    paper.pages["/film"] = Page(b"<title>Film</title>" + link, type="text/html")
    card = await card_of(ana, await ana.say(paper.url("/film")))
    assert (card["author_name"], card["provider_name"], card["html"]) == ("Bo", "Tube", "")
    assert "<script" not in str(card)


@pytest.mark.operation("GET /api/oembed")
async def test_oembed_tells_of_what_the_world_may_read_and_of_nothing_else(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    open_one = await ana.say("Hello <world>", spoiler_text="")
    inner = await ana.say("for colleagues")
    await node.db.write(for_the_world, int(open_one["id"]))
    told = (await node.ask("GET", "/api/oembed", params={"url": open_one["url"]})).json
    assert (told["type"], told["author_name"], told["height"]) == ("rich", "ana", None)
    assert "Hello &lt;world&gt;" in told["html"]
    assert "<script" not in told["html"]
    short = f"/api/oembed?url={node.node.post(int(open_one['id']))}"
    assert (await node.ask("GET", short)).status == 200
    refused = [
        await bo.ask("GET", "/api/oembed", params={"url": url})
        for url in (inner["url"], f"{node.origin}/@ana/1", "https://far.example/@ana/1", "x", "")
    ]
    assert {(answer.status, answer.text) for answer in refused} == {
        (404, '{"error":"Record not found"}')
    }
    other = await node.ask("GET", f"/api/oembed?url={open_one['url']}&format=xml")
    assert other.status == 501


async def test_Z03_translation_is_off_and_tells_nothing_of_what_one_may_not_read(
    ana: Person, bo: Person
) -> None:
    shown, hidden = await ana.say("hello"), await ana.say("psst", visibility="direct")
    seen = await bo.ask("POST", f"/api/v1/statuses/{shown['id']}/translate")
    assert (seen.status, seen.json) == (404, {"error": "Posts are not translated here"})
    unseen = await bo.ask("POST", f"/api/v1/statuses/{hidden['id']}/translate")
    assert (unseen.status, unseen.json) == (404, {"error": "Record not found"})


@pytest.mark.parametrize("setting", [{"link_previews": "off"}, {"federation": "closed"}])
async def test_a_node_that_does_not_want_to_or_is_closed_looks_at_no_page(
    new_database_url: Callable[[], str], paper: Stranger, setting: dict[str, str]
) -> None:
    url = new_database_url()
    settings: dict[str, Any] = {"link_previews": "on", **setting}
    async with running_node(url, folder_beside(url) / "hq", **settings) as node:
        ana = await node.person("ana")
        status = await ana.say(paper.url("/learning"))
        newest = await node.db.read(lambda tx: tx.scalar(NEWEST))
        assert newest is not None
        assert not await look(node.parts.fetcher, node.parts.proxy, newest)
        assert paper.seen == []
        linking = await ana.get("/api/v1/timelines/link", url=paper.url("/learning"))
        assert [(each["id"], each["card"]) for each in linking] == [(status["id"], None)]


async def test_O16_a_blocked_server_is_not_looked_at_and_a_stranger_to_partners_is(
    new_database_url: Callable[[], str], paper: Stranger
) -> None:
    """Whom we exchange activities with is another question than which pages people read."""
    url = new_database_url()
    settings: dict[str, Any] = {"link_previews": "on", "federation": "partners"}
    async with running_node(url, folder_beside(url) / "hq", **settings) as node:
        ana = await node.person("ana")
        card = await card_of(ana, await ana.say(paper.url("/learning")))
        assert (await node.ask("GET", card["image"])).status == 200
        assert await node.db.read(may_look_at, node.node, paper.authority)
        await node.db.write(set_rule, "paper.localhost", RuleAction.BLOCK)
        assert not await node.db.read(may_look_at, node.node, paper.authority)


async def test_P08_a_guest_makes_us_look_at_no_page_and_reads_what_a_members_link_says(
    node: RunningNode, paper: Stranger, ana: Person, gina: Person
) -> None:
    club = await found_club(ana)
    await club.add(gina)
    address = paper.url("/learning")
    mine = await gina.say(f"@club {address}", visibility="private")
    assert await node.db.read(lambda tx: tx.scalar(COUNT)) == 1
    waiting = await node.db.read(lambda tx: tx.scalar(JOBS))
    assert (waiting, paper.seen) == (0, [])
    await ana.say(f"@club {address}", visibility="private")
    assert (await card_of(gina, mine))["title"] == "Learning <b>"


async def test_H06_pages_show_the_words_of_a_linked_page_and_its_picture_through_us(
    node: RunningNode, paper: Stranger, ana: Person, visitors: Visitors
) -> None:
    status = await ana.say(f"read {paper.url('/learning')}")
    card = await card_of(ana, status)
    visitor = await visitors.of(ana)
    shown = await visitor.get(f"/@ana/{status['id']}")
    (linked,) = shown.tree.css("a.linked")
    assert linked.attributes["href"] == paper.url("/learning")
    assert "Learning <b>" in linked.text()
    (picture_shown,) = linked.css("img")
    assert picture_shown.attributes["src"] == card["image"]
