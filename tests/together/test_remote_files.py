"""Files of posts elsewhere: shown at once, fetched when somebody looks, let go, fetched again."""

from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import update

from social import leftovers
from social.archive import Room
from storage.database import now_ms
from storage.tables.files import files
from tests.support.films import PDF, film
from tests.support.nodes import Nodes, RunningNode, until
from tests.support.pictures import SECRET, moving, picture, upload
from tests.support.stranger import PUBLIC, Page, Stranger
from tests.together.attachments import rows
from tests.together.remote_files import asked, far, file, hq, posted, seen
from tests.together.stories import befriend, known, settled
from tests.web.test_api_files import sent
from tests.web.visitor import browsing

__all__ = ["far", "hq"]


@pytest.mark.interop(
    "Note with pictures",
    "in",
    "shown with text, focus and blurhash; fetched once",
    peer="a stranger",
)
async def test_a_picture_is_shown_at_once_and_fetched_when_somebody_looks(
    hq: RunningNode, far: Stranger
) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    await ana.find(zoe.uri)
    await ana.follow(f"zoe@{far.authority}")
    far.pages["/1.jpg"] = Page(picture(comment=SECRET), type="image/jpeg")
    hash_ = "U7M^#R]UfQ]U|yo1fQo1fQfQfQfQ|yo1fQo1"
    attached = file(far.url("/1.jpg"), focalPoint=[0.5, -0.5], width=64, height=48, blurhash=hash_)
    note = await posted(far, zoe, hq, attachment=[attached])
    (shown,) = await seen(ana, note)
    assert shown["type"] == "image"
    assert shown["description"] == "a field"
    assert shown["blurhash"] == hash_
    assert shown["meta"]["focus"] == {"x": 0.5, "y": -0.5}
    assert shown["meta"]["original"]["size"] == "64x48"
    assert shown["url"].startswith(f"{hq.origin}/media/")
    assert asked(far, "/1.jpg") == [], "nobody looked"
    for address in (shown["url"], shown["preview_url"], shown["url"]):
        answer = await hq.ask("GET", address)
        assert answer.status == 200
        assert SECRET not in answer.body, "M02"
        Image.open(BytesIO(answer.body)).verify()
    (headers,) = asked(far, "/1.jpg")
    assert "signature" not in headers, "what everybody may read is asked for as anybody"
    bare = (await ana.find_post(note["id"]))["content"]
    assert "1.jpg" not in bare, "no link leads ana's browser there"


KINDS = {
    "mp4": ("video/mp4", "video"),
    "webm": ("video/webm", "video"),
    "mp3": ("audio/mpeg", "audio"),
    "ogg": ("audio/ogg", "audio"),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_film_and_sound_are_packed_anew(hq: RunningNode, far: Stranger, kind: str) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    far.pages["/film"] = Page(film(kind), type="application/octet-stream")
    note = far.note(zoe, attachment=[file(far.url("/film"), KINDS[kind][0], duration="PT1S")])
    (shown,) = await seen(ana, note)
    assert shown["type"] == KINDS[kind][1]
    answer = await hq.ask("GET", shown["url"])
    assert answer.status == 200
    assert answer.headers["Content-Type"] == KINDS[kind][0]
    assert SECRET not in answer.body
    (later,) = await seen(ana, note)
    assert later["meta"]["original"]["duration"] > 0.9
    if kind == "mp4":
        assert (await hq.ask("GET", later["preview_url"])).status == 200


async def test_what_moves_elsewhere_moves_here(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    far.pages["/1.gif"] = Page(moving(), type="image/gif")
    note = far.note(zoe, attachment=[file(far.url("/1.gif"), "image/gif")])
    (shown,) = await seen(ana, note)
    kept = Image.open(BytesIO((await hq.ask("GET", shown["url"])).body))
    assert getattr(kept, "n_frames", 1) == 3


async def test_more_pictures_than_we_allow_are_all_shown(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    many = [file(far.url(f"/{number}.jpg")) for number in range(9)]
    found = await seen(ana, far.note(zoe, attachment=many))
    assert len(found) == 9


@pytest.mark.both
async def test_what_nobody_looks_at_is_let_go_and_comes_back(
    hq: RunningNode, far: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    for number in range(3):
        far.pages[f"/{number}.jpg"] = Page(picture(color=(number, 9, 9)), type="image/jpeg")
    attached = [file(far.url(f"/{number}.jpg")) for number in range(3)]
    note = far.note(zoe, attachment=attached)
    shown = await seen(ana, note)
    for one in shown:
        assert (await hq.ask("GET", one["url"])).status == 200
    old = update(files).where(files.c.id == int(shown[1]["id"])).values(used_at=5)
    await hq.db.write(lambda tx: tx.change(old))
    archive = hq.parts.archive
    size = sum(row.size for row in await rows(hq))
    monkeypatch.setattr(archive, "room", Room(cache=size - 1))
    before = now_ms()
    await leftovers.make_room(hq.db, archive, now=before)
    held = [row.is_here for row in await rows(hq)]
    assert held == [True, False, True], "the one that was not looked at for longest"
    await leftovers.clear(hq.db, archive, now=before, young=0)
    assert len(list(archive.blobs.names())) == 4
    monkeypatch.setattr(archive, "room", Room())
    assert len(await seen(ana, note)) == 3, "still shown"
    assert (await hq.ask("GET", shown[1]["url"])).status == 200
    assert len(asked(far, "/1.jpg")) == 2
    await leftovers.clear(hq.db, archive, now=before + (leftovers.UNSEEN_HOURS + 1) * 3_600_000)
    assert not any(row.is_here for row in await rows(hq)), "not for ever, if nobody looks"


async def test_the_cache_is_emptied_while_it_fills(
    hq: RunningNode, far: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    monkeypatch.setattr(hq.parts.archive, "room", Room(cache=1))
    far.pages["/1.jpg"] = Page(picture(), type="image/jpeg")
    note = far.note(zoe, attachment=[file(far.url("/1.jpg"))])
    (shown,) = await seen(ana, note)
    assert (await hq.ask("GET", shown["url"])).status == 200

    async def gone() -> bool:
        return not any(row.is_here for row in await rows(hq))

    await until(gone)


async def test_pages_show_what_came_and_link_what_cannot(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    far.pages["/1.jpg"] = Page(picture(), type="image/jpeg")
    far.pages["/2.mp4"] = Page(film(), type="video/mp4")
    far.pages["/3.jpg"] = Page(b"<svg/>", type="image/jpeg")
    attached = [
        file(far.url("/1.jpg")),
        file(far.url("/2.mp4"), "video/mp4", name="a film"),
        file(far.url("/3.jpg"), name=""),
        file(far.url("/4.mp3"), "audio/mpeg", name="a tone"),
    ]
    note = far.note(zoe, attachment=attached)
    status = await ana.find_post(note["id"])
    async with browsing(hq, ana) as browser:
        path = f"/@zoe@{far.authority}/{status['id']}"
        early = await browser.get(path)
        assert len(early.tree.css(".post .pictures img")) == 2
        for one in status["media_attachments"][:3]:
            await hq.ask("GET", one["url"])
        page = await browser.get(path)
    (shown,) = page.tree.css(".post .pictures img")
    assert (shown.attributes["alt"], shown.attributes["width"]) == ("a field", "64")
    (played,) = page.tree.css(".post video")
    assert played.attributes["poster"]
    assert len(page.tree.css(".post audio")) == 1
    (link,) = page.tree.css(".post .file a")
    assert link.attributes["href"] == far.url("/3.jpg")
    assert link.text() == "A file on another server"


async def test_an_edit_brings_other_files(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    await ana.find(zoe.uri)
    await ana.follow(f"zoe@{far.authority}")
    note = await posted(far, zoe, hq, attachment=[file(far.url("/1.jpg"))])
    (first,) = await seen(ana, note)
    note |= {"attachment": [file(far.url("/2.jpg"), name="b")], "updated": "2026-11-02T10:00:00Z"}
    edit = far.activity(zoe, "Update", note, to=[PUBLIC])
    assert (await far.deliver(zoe, f"{hq.origin}/inbox", edit)).status == 202
    await settled(hq)
    (second,) = await seen(ana, note)
    assert second["id"] != first["id"]
    assert second["description"] == "b"
    assert (await hq.ask("GET", first["url"])).status == 404


@pytest.mark.interop(
    "Note with pictures, film, sound and documents",
    "out",
    "typed, with alt text, size, length and blurhash; shown there",
    peer="our nodes",
)
async def test_our_nodes_show_each_others_files(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, cy = await known(hq, "ana"), await known(lab, "cy")
    await befriend(cy, ana)
    made = [
        await upload(ana, description="a red field", focus="0.5,0"),
        await sent(ana, film(), description="a blue film"),
        await sent(ana, film("ogg")),
        await sent(ana, PDF, "plan.pdf"),
    ]
    status = await ana.say("look", media_ids=[one["id"] for one in made])
    await settled(hq, lab)
    headers = {"Accept": "application/activity+json"}
    note = (await hq.ask("GET", status["uri"], headers=headers)).json
    assert [one["type"] for one in note["attachment"]] == ["Image", "Video", "Audio", "Document"]
    picture_, film_, sound, paper = note["attachment"]
    assert picture_["focalPoint"] == [0.5, 0]
    assert (film_["width"], film_["height"], film_["mediaType"]) == (64, 48, "video/mp4")
    assert film_["name"] == "a blue film"
    assert film_["blurhash"]
    assert film_["duration"].startswith("PT")
    assert sound["duration"].startswith("PT")
    assert (paper["name"], paper["mediaType"]) == ("plan.pdf", "application/pdf")
    there = await cy.find_post(status["uri"])
    shown = there["media_attachments"]
    assert [one["type"] for one in shown] == ["image", "video", "audio", "unknown"]
    assert shown[3]["url"].endswith("/plan.pdf")
    for mine, theirs in zip(status["media_attachments"], shown, strict=True):
        here, elsewhere = await hq.ask("GET", mine["url"]), await lab.ask("GET", theirs["url"])
        assert elsewhere.status == 200
        assert here.headers["Content-Type"] == elsewhere.headers["Content-Type"]
    assert here.body == elsewhere.body, "a document is what it was"
    film_there = (await cy.find_post(status["uri"]))["media_attachments"][1]
    assert (await lab.ask("GET", film_there["preview_url"])).status == 200
