"""The node's own emoji: made on the command line, listed for apps, shown in posts and on pages."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from domain.emoji_pictures import SIDE
from tests.support.commands import done, refused
from tests.support.nodes import Json, Person, RunningNode
from tests.support.pictures import SECRET, picture
from tests.web.visitor import Visitor


@pytest.fixture
async def blob(node: RunningNode, tmp_path: Path) -> Json:
    """`:blob:`, as apps list it."""
    file = tmp_path / "blob.png"
    file.write_bytes(picture("PNG", (400, 300), (0, 200, 0, 90)))
    said = await done(node, "emoji", "add", ":blob:", str(file), "--category", "Animals")
    assert said == ":blob: can be written here now.\n"
    (listed,) = (await node.ask("GET", "/api/v1/custom_emojis")).json
    return listed


async def test_an_emoji_is_listed_and_drawn_anew(node: RunningNode, blob: Json) -> None:
    assert blob == {
        "shortcode": "blob",
        "url": blob["url"],
        "static_url": blob["url"],
        "visible_in_picker": True,
        "category": "Animals",
    }
    answer = await node.ask("GET", blob["url"])
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    assert "immutable" in answer.headers["Cache-Control"]
    with Image.open(BytesIO(answer.body)) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (SIDE, SIDE * 3 // 4))
    assert await done(node, "emoji", "list") == ":blob:  Animals\n"


async def test_M02_nothing_but_pixels_remains(node: RunningNode, tmp_path: Path) -> None:
    file = tmp_path / "cat.jpg"
    file.write_bytes(picture("JPEG", comment=SECRET) + SECRET)
    await done(node, "emoji", "add", "cat", str(file))
    (listed,) = (await node.ask("GET", "/api/v1/custom_emojis")).json
    assert SECRET not in (await node.ask("GET", listed["url"])).body


@pytest.mark.operation("GET /api/v1/custom_emojis")
async def test_a_post_and_a_profile_show_it(
    node: RunningNode, ana: Person, bo: Person, at_ana: Visitor, blob: Json
) -> None:
    said = await ana.say("see the :blob: and the :unknown:", spoiler_text="with :blob:")
    assert [one["shortcode"] for one in said["emojis"]] == ["blob"]
    assert said["emojis"][0]["url"] == blob["url"]
    assert ":blob:" in said["content"]
    change = {"display_name": "Ana :blob:", "note": "none"}
    me = await ana.ask("PATCH", "/api/v1/accounts/update_credentials", json=change)
    assert [one["shortcode"] for one in me.json["emojis"]] == ["blob"]
    assert (await bo.get(f"/api/v1/statuses/{said['id']}"))["account"]["emojis"]
    page = await at_ana.get("/")
    pictures = page.tree.css("img.emoji")
    assert {(one.attributes["alt"], one.attributes["src"]) for one in pictures} == {
        (":blob:", blob["url"])
    }
    assert len(pictures) >= 3  # the words, the warning, the name
    assert ":unknown:" in page.text
    plain = await ana.put(f"/api/v1/statuses/{said['id']}", status="no picture", spoiler_text="")
    assert plain["emojis"] == []


async def test_a_new_picture_has_a_new_address_and_the_old_one_shows_it(
    node: RunningNode, blob: Json, tmp_path: Path
) -> None:
    file = tmp_path / "other.png"
    file.write_bytes(picture("PNG", color=(1, 2, 3)))
    await done(node, "emoji", "add", "blob", str(file))
    (now,) = (await node.ask("GET", "/api/v1/custom_emojis")).json
    assert now["url"] != blob["url"]
    old, new = await node.ask("GET", blob["url"]), await node.ask("GET", now["url"])
    assert old.body == new.body
    assert "immutable" not in old.headers["Cache-Control"]


async def test_an_emoji_that_was_removed_is_a_word_again(
    node: RunningNode, ana: Person, blob: Json
) -> None:
    assert await done(node, "emoji", "remove", "blob") == ":blob: is gone.\n"
    assert (await node.ask("GET", "/api/v1/custom_emojis")).json == []
    assert (await node.ask("GET", blob["url"])).status == 404
    assert (await ana.say("only a :blob:"))["emojis"] == []
    assert "no emoji called :blob:" in await refused(node, "emoji", "remove", "blob")


@pytest.mark.parametrize("name", ["a", "blob-cat", 'x"y', "ä" * 3, "x" * 41, "a b"], ids=str.encode)
async def test_H06_a_name_that_cannot_be_is_refused(
    node: RunningNode, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(picture("PNG"))
    assert "name of an emoji" in await refused(node, "emoji", "add", name, str(file))


async def test_M01_what_is_no_picture_is_refused(node: RunningNode, tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    for content in (b"<svg onload=alert(1)>", b"", b"GIF89a" + b"x" * 100):
        file.write_bytes(content)
        assert "no picture" in await refused(node, "emoji", "add", "bad", str(file))
    assert (await node.ask("GET", "/api/v1/custom_emojis")).json == []
    assert (await node.ask("GET", "/emoji/bad-0123456789abcdef.png")).status == 404
