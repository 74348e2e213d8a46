"""Pictures on pages, by forms that need no script: added, described, kept when something fails."""

from io import BytesIO
from typing import Any

from aiohttp import FormData
from PIL import Image

from domain.pictures import LARGEST
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import picture, upload
from tests.web.visitor import Shown, Visitor, Visitors


def form(page: Shown, files: dict[str, bytes], **typed: str) -> FormData:
    """The form of a page as a browser sends it, with files chosen."""
    made = FormData(default_to_multipart=True)
    for name, value in {**page.fields("/posts"), **typed}.items():
        if not name.startswith("file"):
            made.add_field(name, value)
    for number in range(4):
        name = f"file{number}"
        content = files.get(name)
        chosen = "photo.jpg" if content is not None else ""
        made.add_field(name, BytesIO(content or b""), filename=chosen, content_type="image/jpeg")
    return made


async def write(browser: Visitor, files: dict[str, bytes], **typed: str) -> Shown:
    page = await browser.get("/")
    data = form(page, files, **{"readers": "everyone", **typed})
    return await browser.ask("POST", "/posts", data=data)


def shown(page: Shown) -> list[dict[str, Any]]:
    return [dict(each.attributes) for each in page.tree.css(".post .pictures img")]


async def test_a_picture_is_posted_from_the_page(
    node: RunningNode, at_ana: Visitor, bo: Person, ana: Person, visitors: Visitors
) -> None:
    answer = await write(at_ana, {"file0": picture()}, text="look", alt0="a <red> field")
    assert (answer.status, answer.location) == (303, "/")
    (mine,) = shown(await at_ana.get("/"))
    assert mine["alt"] == "a <red> field"
    found = await at_ana.ask("GET", mine["src"])
    assert Image.open(BytesIO(found.body)).format == "WEBP"
    await bo.follow(ana)
    at_bo = await visitors.of(bo)
    (hers,) = shown(await at_bo.get("/"))
    assert hers["src"] != mine["src"], "each reader has an address"
    assert (await at_bo.ask("GET", hers["src"])).status == 200


async def test_a_picture_says_enough(at_ana: Visitor) -> None:
    assert (await write(at_ana, {"file2": picture()}, text="")).status == 303
    assert len(shown(await at_ana.get("/"))) == 1
    assert (await write(at_ana, {}, text="")).status == 422


async def test_what_fails_keeps_text_and_pictures(at_ana: Visitor) -> None:
    files = {"file0": picture(), "file1": b"<svg/>"}
    failed = await write(at_ana, files, text="long words", alt0="red")
    assert failed.status == 422
    assert failed.fields("/posts")["text"] == "long words"
    assert "JPEG" in failed.text
    kept = failed.fields("/posts")["media"]
    data = form(failed, {}, readers="everyone")
    assert (await at_ana.ask("POST", "/posts", data=data)).status == 303
    (mine,) = shown(await at_ana.get("/"))
    assert mine["alt"] == "red"
    assert f"/media/{kept}/" in str(mine["src"])


async def test_too_large_a_picture_costs_no_words(at_ana: Visitor) -> None:
    failed = await write(at_ana, {"file0": picture() + b"x" * LARGEST}, text="long words")
    assert failed.status == 422
    assert failed.fields("/posts")["text"] == "long words"
    assert "10 megabytes" in failed.text


async def test_who_was_signed_out_meanwhile_has_the_words_back(at_ana: Visitor) -> None:
    page = await at_ana.get("/")
    data = form(page, {"file0": b"x" * (1 << 20)}, text="long words", readers="everyone")
    at_ana.cookies.clear()
    failed = await at_ana.ask("POST", "/posts", data=data)
    assert failed.status == 403
    assert "long words" in failed.html


async def test_M07_nobody_posts_a_picture_of_somebody_else(at_ana: Visitor, bo: Person) -> None:
    made = await upload(bo)
    page = await at_ana.get("/")
    data = form(page, {}, text="mine now", readers="everyone", media=made["id"])
    failed = await at_ana.ask("POST", "/posts", data=data)
    assert failed.status == 422
    assert made["id"] not in failed.html


async def test_a_form_from_elsewhere_uploads_nothing(node: RunningNode, at_ana: Visitor) -> None:
    page = await at_ana.get("/")
    data = form(page, {"file0": picture()}, text="x", readers="everyone", csrf="wrong")
    assert (await at_ana.ask("POST", "/posts", data=data)).status == 403
    assert list(node.parts.archive.blobs.names()) == []


async def test_a_warning_hides_the_pictures_too(node: RunningNode, at_ana: Visitor) -> None:
    await write(at_ana, {"file0": picture()}, text="look", summary="a spider")
    page = await at_ana.get("/")
    assert len(page.tree.css(".post .pictures img")) == 1
    assert len(page.tree.css(".post details .pictures img")) == 1


async def test_what_is_marked_sensitive_is_shown_when_asked(
    ana: Person, bo: Person, at_ana: Visitor
) -> None:
    made = await upload(ana)
    await ana.say("look", media_ids=[made["id"]], sensitive=True)
    page = await at_ana.get("/")
    assert len(page.tree.css(".post details .pictures img")) == 1
    other = await upload(ana)
    await ana.say("look again", media_ids=[other["id"]])
    page = await at_ana.get("/")
    assert len(page.tree.css(".post .pictures img")) == 2
    assert len(page.tree.css(".post details .pictures img")) == 1
