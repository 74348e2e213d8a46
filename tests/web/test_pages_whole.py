"""What holds for every page: each id stands once, and whatever one operates has a name."""

import pytest

from tests.support.films import film
from tests.support.nodes import Person, RunningNode, until
from tests.support.pictures import form_with
from tests.web.gathering import found_club
from tests.web.visitor import Shown, Visitor

OPERATED = "input:not([type=hidden]), textarea, select"


def unnamed(page: Shown) -> list[str]:
    """What a screen reader could only call by its kind."""
    spoken_for = {node.attributes.get("for") for node in page.tree.css("label[for]")}
    inside = {node.html for node in page.tree.css(f"label :is({OPERATED})")}
    fields = [
        node.html
        for node in page.tree.css(OPERATED)
        if node.attributes.get("id") not in spoken_for and node.html not in inside
    ]
    pressed = [
        node.html
        for node in page.tree.css("button, a[href], summary")
        if not node.text(strip=True) and node.css_first("img[alt]") is None
    ]
    played = [
        node.html
        for node in page.tree.css("video, audio, section.poll")
        if not node.attributes.get("aria-label")
    ]
    return [str(html) for html in (*fields, *pressed, *played)]


async def film_of(person: Person) -> str:
    """A film, ready to be posted."""
    sent = await person.ask("POST", "/api/v2/media", data=form_with(film("mp4"), "lift.mp4"))
    path = f"/api/v1/media/{sent.json['id']}"

    async def ready() -> bool:
        return (await person.ask("GET", path)).status == 200

    await until(ready)
    return str(sent.json["id"])


@pytest.fixture
async def paths(node: RunningNode, ana: Person, bo: Person) -> list[str]:
    """Pages on which posts stand twice, and all kinds of things are operated."""
    club = await found_club(ana, bo)
    said = await bo.say("@ana This is how", media_ids=[await film_of(bo)], visibility="public")
    asked = await bo.say("@club When?", poll={"options": ["Now", "Later"], "expires_in": 3600})
    for post in (said, await bo.say("@club Who has the key?")):
        await bo.post(f"/api/v1/statuses/{post['id']}/pin")
    for _ in range(2):
        await ana.say("@bo Well done", in_reply_to_id=said["id"])
    await ana.post(f"/api/v1/statuses/{said['id']}/favourite")
    pages = ["/", "/@bo", "/@club", "/notifications", "/settings", "/settings/moving", "/blocks"]
    posts = [f"/@bo/{said['id']}", f"/@bo/{asked['id']}", f"/posts/{said['id']}/quote"]
    reports = [f"/report?post={said['id']}", f"/communities/{club.id}/people", "/search?q=bo"]
    return [*pages, *posts, *reports]


async def test_every_id_stands_once_and_everything_has_a_name(
    at_ana: Visitor, paths: list[str]
) -> None:
    for path in paths:
        page = await at_ana.get(path)
        assert page.status == 200, path
        ids = [node.attributes["id"] for node in page.tree.css("[id]")]
        assert len(ids) == len(set(ids)), (path, ids)
        assert unnamed(page) == [], path
        assert len(page.tree.css("h1")) == 1, path
    assert (await at_ana.get("/@bo")).tree.css_first("video[aria-label]") is not None


async def test_a_field_without_a_label_is_found(at_ana: Visitor) -> None:
    page = await at_ana.get("/search")
    label = page.tree.css_first("form label[for]")
    assert label is not None
    label.decompose()
    assert len(unnamed(page)) == 1
