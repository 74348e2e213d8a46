"""Film, sound and documents on pages: sent by forms without a script, played, saved."""

import pytest

from social.archive import Room
from tests.support.films import PDF, film, office
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import SECRET
from tests.web.test_pages_pictures import form, write
from tests.web.visitor import Visitor


async def test_a_film_is_posted_in_one_go(node: RunningNode, at_ana: Visitor) -> None:
    answer = await write(at_ana, {"file0": film()}, text="look", alt0="a blue field")
    assert answer.status == 303, answer.text
    page = await at_ana.get("/")
    (shown,) = page.tree.css(".post video")
    assert "controls" in shown.attributes
    assert shown.attributes["preload"] == "none"
    assert (shown.attributes["width"], shown.attributes["height"]) == ("64", "48")
    said = page.tree.css_first(".post figcaption")
    assert said is not None
    assert "a blue field" in said.text()
    assert "(0:01, " in said.text()
    assert "media-src 'self'" in page.headers["Content-Security-Policy"]
    got = await at_ana.ask("GET", str(shown.attributes["src"]))
    assert got.headers["Content-Type"] == "video/mp4"
    assert SECRET not in got.body
    poster = await at_ana.ask("GET", str(shown.attributes["poster"]))
    assert poster.headers["Content-Type"] == "image/webp"


async def test_sound_is_played(at_ana: Visitor) -> None:
    assert (await write(at_ana, {"file0": film("mp3")}, text="listen")).status == 303
    (shown,) = (await at_ana.get("/")).tree.css(".post audio")
    assert (await at_ana.ask("GET", str(shown.attributes["src"]))).status == 200


async def test_a_document_is_a_link_with_its_size(at_ana: Visitor) -> None:
    answer = await write(at_ana, {"file0": PDF, "file1": office()}, text="", alt0="The <plan>")
    assert answer.status == 303, answer.text
    page = await at_ana.get("/")
    first, second = page.tree.css(".post .file a")
    assert first.text() == "photo.pdf", "by what it is, whatever it was called"
    assert second.text() == "photo.docx"
    assert "(1 kB)" in page.text
    assert "The <plan>" in page.text
    got = await at_ana.ask("GET", str(first.attributes["href"]))
    assert got.headers["Content-Disposition"].startswith("attachment;")
    assert got.body == PDF


async def test_several_kinds_at_once_and_one_that_cannot_be(at_ana: Visitor, ana: Person) -> None:
    files = {"file0": film("ogg"), "file1": PDF, "file2": film("mkv")}
    failed = await write(at_ana, files, text="long words", alt0="a tone")
    assert failed.status == 422
    assert "cannot be shown here" in failed.text
    assert failed.fields("/posts")["text"] == "long words"
    assert "A recording a tone" in failed.text
    assert "photo.pdf" in failed.text
    kept = [str(one.attributes["value"]) for one in failed.tree.css('input[name="media"]')]
    assert len(kept) == 2
    data = form(failed, {}, readers="everyone")
    data.add_field("media", kept[0])
    assert (await at_ana.ask("POST", "/posts", data=data)).status == 303
    page = await at_ana.get("/")
    assert len(page.tree.css(".post audio")) == len(page.tree.css(".post .file")) == 1


async def test_what_does_not_fit_any_more_is_said(
    node: RunningNode, at_ana: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node.parts.archive, "room", Room(one=100))
    failed = await write(at_ana, {"file0": film("mp3")}, text="long words")
    assert failed.status == 507
    assert "all the room there is for one person" in failed.text
    assert failed.fields("/posts")["text"] == "long words"
