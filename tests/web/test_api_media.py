"""Pictures through the API: uploaded, described, posted, and read by who may read the post."""

import asyncio
import errno
from contextlib import AsyncExitStack
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from domain.kinds import AccountState, Role
from domain.pictures import LARGEST
from social import leftovers
from social.archive import UPLOADS_OF_ONE, Room
from social.files import LONGEST_ALT, MOST_LOOSE
from storage.blobs import DiskFull
from storage.database import now_ms
from storage.queries import accounts, files
from tests.support.nodes import Answer, Json, Person, RunningNode
from tests.support.pictures import SECRET, form_with, moving, picture, try_upload, upload
from tests.support.strict import check
from tests.web.gathering import found_club

NOBODY = 0


async def seen(
    node: RunningNode, media: Json, *, small: bool = False, headers: dict[str, str] | None = None
) -> Answer:
    """What is at an address that somebody's app was given; the app sends no token there."""
    address = media["preview_url" if small else "url"]
    return await node.ask("GET", address, headers=headers or {})


@pytest.mark.operation("POST /api/v2/media")
async def test_a_picture_is_posted_and_read(node: RunningNode, ana: Person, bo: Person) -> None:
    made = await upload(ana, description="a red field")
    check("media", made)
    assert (await seen(node, made)).status == 200, "its owner sees it before it is posted"
    status = await ana.say("look", media_ids=[made["id"]])
    read = await bo.get(f"/api/v1/statuses/{status['id']}")
    (shown,) = read["media_attachments"]
    check("media", shown)
    assert shown["description"] == "a red field"
    assert shown["meta"]["original"] == {
        "width": 64,
        "height": 48,
        "size": "64x48",
        "aspect": 1.3333,
    }
    answer = await seen(node, shown)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert Image.open(BytesIO(answer.body)).size == (64, 48)
    small = await seen(node, shown, small=True)
    assert small.headers["Content-Type"] == "image/webp"
    assert Image.open(BytesIO(small.body)).format == "WEBP"
    assert shown["url"] != status["media_attachments"][0]["url"], "each reader has an address"


async def test_lists_from_the_cache_hold_each_readers_own_address(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    cy = await node.person("cy")
    await bo.follow(ana)
    await cy.follow(ana)
    for reader in (bo, cy):
        await reader.home()
    made = await upload(ana)
    await ana.say("look", media_ids=[made["id"]])
    found = [(await reader.home())[0]["media_attachments"][0] for reader in (bo, cy, bo)]
    assert found[0] == found[2]
    assert found[0]["url"] != found[1]["url"]
    for reader, media in zip((bo, cy), found, strict=False):
        assert urlsplit(media["url"]).path.split("/")[3] == str(reader.id)
        assert (await seen(node, media)).status == 200


async def test_words_cannot_make_a_slot(node: RunningNode, ana: Person, bo: Person) -> None:
    made = await upload(ana)
    status = await ana.say(f"\x01{made['id']} slot:{made['id']}", media_ids=[made["id"]])
    await bo.follow(ana)
    read = await bo.get(f"/api/v1/statuses/{status['id']}")
    assert "/media/" not in read["content"]


async def test_M03_only_readers_of_the_post_see_it(
    node: RunningNode, ana: Person, bo: Person, gina: Person
) -> None:
    club = await found_club(ana, bo)
    made = await upload(ana)
    status = await ana.say("@club look", visibility="private", media_ids=[made["id"]])
    (for_bo,) = (await bo.get(f"/api/v1/statuses/{status['id']}"))["media_attachments"]
    assert (await seen(node, for_bo)).status == 200
    cy = await node.person("cy")
    for who in (gina.id, cy.id, NOBODY):
        mine = {"url": node.node.media(int(made["id"]), who)}
        assert (await seen(node, mine)).status == 404, "a good address is no right"
    await club.end(bo)
    assert (await seen(node, for_bo)).status == 404
    assert (await seen(node, for_bo, small=True)).status == 404
    etag = f'"{sha256(b"").hexdigest()}"'
    assert (await seen(node, for_bo, headers={"If-None-Match": etag})).status == 404


async def test_M03_what_anybody_may_read_anybody_may_see(
    node: RunningNode, ana: Person, at_ana: Any
) -> None:
    made = await upload(ana)
    status = await ana.say("for the network", media_ids=[made["id"]])
    mine = {"url": node.node.media(int(made["id"]), NOBODY)}
    assert (await seen(node, mine)).status == 404
    await node.db.write(_for_the_world, int(status["id"]))
    assert (await seen(node, mine)).status == 200
    shown = (await node.ask("GET", f"/api/v1/statuses/{status['id']}")).json
    assert (await seen(node, shown["media_attachments"][0])).status == 200


def _for_the_world(tx: Any, post_id: int) -> None:
    from sqlalchemy import bindparam, update

    from domain.audience import Kind
    from storage.tables.posts import posts

    pair = {"kind": Kind.PUBLIC, "owner_id": 0, "root_kind": Kind.PUBLIC, "root_owner_id": 0}
    tx.change(update(posts).where(posts.c.id == bindparam("key")).values(**pair), key=post_id)


async def test_M03_after_the_end_of_the_post_and_of_the_account(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    made, other = await upload(ana), await upload(ana)
    status = await ana.say("look", media_ids=[made["id"]])
    (shown,) = (await bo.get(f"/api/v1/statuses/{status['id']}"))["media_attachments"]
    await ana.delete(f"/api/v1/statuses/{status['id']}")
    assert (await seen(node, shown)).status == 404
    status = await ana.say("again", media_ids=[made["id"], other["id"]])
    assert (await seen(node, shown)).status == 200, "the same picture, written again"
    await node.db.write(accounts.set_state, bo.id, AccountState.DISABLED)
    assert (await seen(node, shown)).status == 404


async def test_M03_nobody_makes_an_address(node: RunningNode, ana: Person, bo: Person) -> None:
    made = await upload(ana)
    file = made["id"]
    mac = urlsplit(made["url"]).path.split("/")[4]
    for path in (
        f"/media/{file}/{bo.id}/{mac}",
        f"/media/{file}/0/{mac}",
        f"/media/{int(file) + 1}/{ana.id}/{mac}",
        f"/media/{file}/{ana.id}/{mac[:-1]}",
        f"/media/{file}/{ana.id}/{mac}x",
        f"/media/{file}/{ana.id}/%C3%A4",
        f"/media/x/{ana.id}/{mac}",
        f"/media/{file}/{ana.id}/{mac}/large",
    ):
        answer = await node.ask("GET", path)
        assert answer.status == 404, path


async def test_M07_what_is_not_posted_is_its_owners_alone(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    made = await upload(ana)
    answer = await bo.ask(
        "POST", "/api/v1/statuses", json={"status": "x", "media_ids": [made["id"]]}
    )
    assert answer.status == 422
    assert (await bo.ask("GET", f"/api/v1/media/{made['id']}")).status == 404
    answer = await bo.ask("PUT", f"/api/v1/media/{made['id']}", json={"description": "x"})
    assert answer.status == 404
    assert (await seen(node, {"url": node.node.media(int(made["id"]), bo.id)})).status == 404
    assert (await ana.get(f"/api/v1/media/{made['id']}"))["id"] == made["id"]


async def test_M08_the_same_bytes_are_another_file(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    first, second = await upload(ana), await upload(bo)
    assert first["id"] != second["id"]
    assert urlsplit(first["url"]).path != urlsplit(second["url"]).path
    blobs = node.parts.archive.blobs
    assert len(list(blobs.names())) == 2, "one picture, one preview"


async def test_refused_pictures_lose_no_text(ana: Person) -> None:
    used = await upload(ana)
    await ana.say("first", media_ids=[used["id"]])
    five = [(await upload(ana))["id"] for _ in range(5)]
    for ids, count in (([used["id"]], 1), (["x"], 1), (five, 5), (["999"], 1)):
        answer = await ana.ask("POST", "/api/v1/statuses", json={"status": "x", "media_ids": ids})
        assert answer.status == 422, count
        assert answer.json["error"]
    status = await ana.say("", media_ids=five[:4])
    assert [media["id"] for media in status["media_attachments"]] == five[:4], "as they were given"
    assert (await ana.ask("POST", "/api/v1/statuses", json={"status": " "})).status == 422


@pytest.mark.parametrize("path", ["/api/v1/media", "/api/v2/media"])
@pytest.mark.operation("PUT /api/v1/media/:id", "POST /api/v1/media")
async def test_what_is_said_of_a_picture(ana: Person, bo: Person, path: str) -> None:
    answer = await try_upload(ana, picture(), path, description="one", focus="0.5,-0.25")
    assert answer.status == 200
    made = answer.json
    assert made["meta"]["focus"] == {"x": 0.5, "y": -0.25}
    changed = await ana.put(f"/api/v1/media/{made['id']}", description="two", focus="0,1")
    assert changed["description"] == "two"
    assert changed["meta"]["focus"] == {"x": 0, "y": 1}
    for wrong in ({"focus": "2,0"}, {"focus": "left"}, {"description": "x" * (LONGEST_ALT + 1)}):
        answer = await ana.ask("PUT", f"/api/v1/media/{made['id']}", json=wrong)
        assert answer.status == 422
    other_app = await ana.second_app()
    assert await other_app.get(f"/api/v1/media/{made['id']}") == changed
    posted = await ana.say("x", media_ids=[made["id"]])
    assert (await ana.ask("GET", f"/api/v1/media/{made['id']}")).status == 404
    [seen] = (await bo.get(f"/api/v1/statuses/{posted['id']}"))["media_attachments"]
    assert (seen["description"], seen["meta"]["focus"]) == ("two", {"x": 0, "y": 1})


async def test_an_edit_arranges_the_pictures(node: RunningNode, ana: Person, bo: Person) -> None:
    first, second, third = [await upload(ana) for _ in range(3)]
    status = await ana.say("x", media_ids=[first["id"], second["id"]])
    edited = await ana.put(
        f"/api/v1/statuses/{status['id']}",
        status="x",
        media_ids=[third["id"], first["id"]],
        media_attributes=[
            {"id": first["id"], "description": "now with words"},
            {"id": third["id"], "description": "new here", "focus": "0,0.5"},
        ],
    )
    found = edited["media_attachments"]
    assert [media["id"] for media in found] == [third["id"], first["id"]]
    assert [media["description"] for media in found] == ["new here", "now with words"]
    assert found[0]["meta"]["focus"] == {"x": 0, "y": 0.5}
    assert edited["edited_at"]
    assert (await ana.get(f"/api/v1/media/{second['id']}"))["id"] == second["id"], "hers again"
    same = await ana.put(f"/api/v1/statuses/{status['id']}", status="y")
    assert len(same["media_attachments"]) == 2, "an app that says nothing of pictures loses none"
    none = await ana.put(f"/api/v1/statuses/{status['id']}", status="y", media_ids=[])
    assert none["media_attachments"] == []
    answer = await ana.ask(
        "PUT", f"/api/v1/statuses/{status['id']}", json={"status": "", "media_ids": []}
    )
    assert answer.status == 422
    history = await ana.get(f"/api/v1/statuses/{status['id']}/history")
    assert history[-1]["media_attachments"] == []


async def test_an_edit_takes_nobody_elses_picture(ana: Person, bo: Person) -> None:
    status, made = await ana.say("x"), await upload(bo)
    answer = await ana.ask(
        "PUT", f"/api/v1/statuses/{status['id']}", json={"status": "x", "media_ids": [made["id"]]}
    )
    assert answer.status == 422
    assert (await bo.get(f"/api/v1/media/{made['id']}"))["id"] == made["id"]


async def test_what_is_written_again_has_its_pictures(ana: Person) -> None:
    made = await upload(ana)
    status = await ana.say("x", media_ids=[made["id"]])
    gone = await ana.delete(f"/api/v1/statuses/{status['id']}")
    assert gone["media_attachments"][0]["id"] == made["id"]
    again = await ana.say("better", media_ids=[made["id"]])
    assert again["media_attachments"][0]["id"] == made["id"]
    await ana.delete(f"/api/v1/statuses/{again['id']}?delete_media=true")
    assert (await ana.ask("GET", f"/api/v1/media/{made['id']}")).status == 404, "not wanted again"


async def test_M01_what_is_no_picture_is_not_taken_for_one(ana: Person) -> None:
    refused = {
        "html": b"<html><script>alert(1)</script></html>",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "pdf": b"%PDF-1.7\n",
        "bmp": picture("BMP"),
        "tiff": picture("TIFF"),
        "cut": picture()[:200],
        "empty": b"",
    }
    for name, content in refused.items():
        answer = await try_upload(ana, content)
        assert answer.status == 422, name
        assert answer.json["error"].endswith((".", "can.")), "a sentence for people"


async def test_M01_a_file_of_two_kinds_keeps_its_pixels_alone(
    node: RunningNode, ana: Person
) -> None:
    script = b"<script>alert(1)</script>"
    for form in ("JPEG", "PNG", "GIF", "WEBP"):
        made = await upload(ana, picture(form) + script)
        for small in (False, True):
            assert script not in (await seen(node, made, small=small)).body


async def test_M02_nothing_is_left_but_pixels(node: RunningNode, ana: Person) -> None:
    from PIL.PngImagePlugin import PngInfo

    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    text = PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    contents = {
        "JPEG": picture(exif=exif, comment=SECRET, xmp=SECRET, icc_profile=SECRET),
        "PNG": picture("PNG", exif=exif, pnginfo=text, icc_profile=SECRET),
        "GIF": picture("GIF", comment=SECRET),
        "WEBP": picture("WEBP", exif=exif, xmp=SECRET, icc_profile=SECRET),
    }
    for form, content in contents.items():
        assert SECRET in content or form == "PNG", "the test hides something"
        made = await upload(ana, content)
        for small in (False, True):
            shown = (await seen(node, made, small=small)).body
            kept = Image.open(BytesIO(shown))
            assert SECRET not in shown, form
            assert not kept.getexif(), form
            assert not {"icc_profile", "comment", "xmp", "XML:com.adobe.xmp"} & kept.info.keys()
    folder = node.parts.settings.folder / "files"
    kept_bytes = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert SECRET not in kept_bytes


async def test_a_photo_stands_upright(node: RunningNode, ana: Person) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    made = await upload(ana, picture(exif=exif))
    assert made["meta"]["original"]["size"] == "48x64"
    kept = Image.open(BytesIO((await seen(node, made)).body)).convert("L")
    assert kept.tobytes()[4 * 48 + 44] > 200, "the white corner is at the right now"


@pytest.mark.parametrize(("form", "kept_as"), [("GIF", "GIF"), ("WEBP", "WEBP"), ("PNG", "WEBP")])
async def test_what_moves_goes_on_moving(
    node: RunningNode, ana: Person, form: str, kept_as: str
) -> None:
    made = await upload(ana, moving(form, comment=SECRET))
    assert made["type"] == "image"
    shown = await seen(node, made)
    kept = Image.open(BytesIO(shown.body))
    assert kept.format == kept_as
    assert getattr(kept, "n_frames", 1) == 3
    assert SECRET not in shown.body
    red, green, blue = kept.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert red > 240
    assert green + blue < 20
    small = Image.open(BytesIO((await seen(node, made, small=True)).body))
    assert getattr(small, "n_frames", 1) == 1, "previews stand still"


async def test_D17_what_moves_for_too_long_is_refused(ana: Person) -> None:
    content = moving("GIF", frames=3000)
    answer = await try_upload(ana, content)
    assert answer.status == 422
    assert "moves for too long" in answer.json["error"]


async def test_what_shines_through_stays_so(node: RunningNode, ana: Person) -> None:
    made = await upload(ana, picture("PNG", color=(10, 20, 30, 0)))
    kept = Image.open(BytesIO((await seen(node, made)).body))
    assert kept.mode == "RGBA"
    assert kept.getchannel("A").getpixel((60, 40)) == 0


async def test_bombs_are_not_unpacked(ana: Person) -> None:
    image = Image.new("1", (8_000, 5_000))
    out = BytesIO()
    image.save(out, "PNG")
    assert len(out.getvalue()) < 100_000
    answer = await try_upload(ana, out.getvalue())
    assert answer.status == 422
    thin = BytesIO()
    Image.new("1", (30_000, 1)).save(thin, "PNG")
    assert (await try_upload(ana, thin.getvalue())).status == 422


async def test_too_large_a_file_is_told_so(ana: Person) -> None:
    answer = await try_upload(ana, picture() + b"x" * LARGEST)
    assert answer.status == 422
    assert "10 megabytes" in answer.json["error"]


async def test_M12_nobody_fills_the_disk(node: RunningNode, ana: Person) -> None:
    for _ in range(MOST_LOOSE):
        await upload(ana)
    answer = await try_upload(ana, picture())
    assert answer.status == 422


async def test_nobody_keeps_the_others_from_uploading(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    archive = node.parts.archive
    async with AsyncExitStack() as stack:
        for _ in range(UPLOADS_OF_ONE):
            await stack.enter_async_context(archive.taking_in(ana.id, 1))
        answer = await try_upload(ana, picture())
        assert answer.status == 429
        assert answer.headers["Retry-After"]
        await upload(bo)
    await upload(ana)


async def test_M12_a_full_disk_is_told(
    node: RunningNode, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("storage.blobs.os.fsync", full)
    answer = await try_upload(ana, picture())
    monkeypatch.undo()
    assert answer.status == 507
    assert list(node.parts.archive.blobs.names()) == []


@pytest.mark.both
async def test_M12_a_full_node_is_told_and_many_at_once_fill_it_exactly(
    node: RunningNode, ana: Person, bo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await upload(ana)
    size = await node.db.read(files.held)
    assert size == await node.db.read(files.held_by, ana.id) > 0
    monkeypatch.setattr(node.parts.archive, "room", Room(one=0, all=4 * size))
    asked = await asyncio.gather(*(try_upload(who, picture()) for who in (ana, bo) * 3))
    full = [answer for answer in asked if answer.status == 507]
    assert sorted(answer.status for answer in asked) == [200] * 3 + [507] * 3
    assert all("no room for more files here" in answer.text for answer in full)
    assert await node.db.read(files.held) == 4 * size
    assert (await ana.ask("DELETE", f"/api/v1/media/{one['id']}")).status == 200
    await upload(bo)  # the twin: once there is room again


async def test_M06_a_name_is_never_used(node: RunningNode, ana: Person) -> None:
    nasty = "../../x%0D%0ASet-Cookie: a=b\u202egpj.exe" + "y" * 4096
    body = (
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{nasty}"\r\n\r\n'.encode()
        + picture()
        + b"\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await ana.ask("POST", "/api/v2/media", data=body, headers=headers)
    assert answer.status == 200
    shown = await seen(node, answer.json)
    assert shown.headers["Content-Disposition"] == f'inline; filename="{answer.json["id"]}.jpg"'
    assert "Set-Cookie" not in shown.headers


async def test_M05_one_range_is_answered(node: RunningNode, ana: Person) -> None:
    made = await upload(ana)
    whole = (await seen(node, made)).body
    total = len(whole)
    wanted = {
        "bytes=0-1": range(2),
        "bytes=5-": range(5, total),
        "bytes=-7": range(total - 7, total),
        f"bytes=-{10 * total}": range(total),
        f"bytes=3-{10 * total}": range(3, total),
    }
    for asked, part in wanted.items():
        answer = await seen(node, made, headers={"Range": asked})
        assert answer.status == 206, asked
        assert answer.body == whole[part.start : part.stop], asked
        assert answer.headers["Content-Range"] == f"bytes {part.start}-{part.stop - 1}/{total}"
    assert (await seen(node, made)).headers["Accept-Ranges"] == "bytes"


async def test_M05_other_ranges_give_the_whole_or_nothing(node: RunningNode, ana: Person) -> None:
    made = await upload(ana)
    whole = await seen(node, made)
    many = "bytes=" + ",".join(["0-1"] * 500)
    for asked in (
        many,
        "bytes=0-5,2-9",
        "bytes=٣-٤",
        "bytes=a-b",
        "items=0-1",
        "bytes=-",
        "x" * 99,
    ):
        answer = await seen(node, made, headers={"Range": asked})
        assert (answer.status, answer.body) == (200, whole.body), asked[:40]
    for asked in ("bytes=9999999-", "bytes=5-2", "bytes=-0", f"bytes={'9' * 15}-"):
        answer = await seen(node, made, headers={"Range": asked})
        assert answer.status == 416, asked
        assert answer.headers["Content-Range"] == f"bytes */{len(whole.body)}"
        assert len(answer.body) < 100
    other = await seen(node, made, headers={"Range": "bytes=0-1", "If-Range": '"x"'})
    assert (other.status, other.body) == (200, whole.body)


async def test_browsers_are_told_not_to_run_it(node: RunningNode, ana: Person) -> None:
    made = await upload(ana)
    shown = await seen(node, made)
    headers = shown.headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    again = await seen(node, made, headers={"If-None-Match": headers["Etag"]})
    assert (again.status, again.body) == (304, b"")
    other = await seen(node, made, headers={"If-None-Match": '"x"'})
    assert other.status == 200


async def test_guests_upload_too_and_strangers_do_not(node: RunningNode, gina: Person) -> None:
    await upload(gina)
    answer = await node.ask("POST", "/api/v2/media", data=form_with(picture()))
    assert answer.status == 401
    reader = await node.person("rita", Role.MEMBER, scopes="read")
    assert (await try_upload(reader, picture())).status == 403


async def test_limits_are_told(ana: Person) -> None:
    limits = (await ana.get("/api/v2/instance"))["configuration"]
    assert limits["statuses"]["max_media_attachments"] == 4
    assert limits["media_attachments"]["image_size_limit"] == LARGEST
    assert "image/webp" in limits["media_attachments"]["supported_mime_types"]
    assert limits["media_attachments"]["video_size_limit"] == 40 << 20
    for each in ("video/mp4", "audio/ogg", "application/pdf"):
        assert each in limits["media_attachments"]["supported_mime_types"]


async def test_M12_many_uploads_at_once_fill_a_share_exactly(
    node: RunningNode, ana: Person, bo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is refused, leaves no row, and its bytes go with the next sweep."""
    one = await upload(ana)
    row = await node.db.read(files.by_id, int(one["id"]))
    assert row is not None
    monkeypatch.setattr(node.parts.archive, "room", Room(one=7 * row.size + 5))

    async def send() -> int:
        while (answer := await try_upload(ana, picture())).status == 429:
            await asyncio.sleep(0.02)  # few of one person at once
        return answer.status

    done = await asyncio.gather(*(send() for _ in range(30)))
    assert sorted(done) == [200] * 6 + [507] * 24
    assert await node.db.read(files.held_by, ana.id) == 7 * row.size
    await upload(bo)


async def test_M12_a_disk_that_fills_in_the_middle_leaves_nothing(
    node: RunningNode, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs, put = node.parts.archive.blobs, node.parts.archive.blobs.put
    done: list[str] = []

    def one_fits(content: bytes) -> str:
        if done:
            raise DiskFull("there is no room left for files")
        done.append(put(content))
        return done[0]

    monkeypatch.setattr(blobs, "put", one_fits)
    answer = await try_upload(ana, picture())
    assert answer.status == 507
    assert "room" in answer.json["error"]
    assert await node.db.read(files.loose_of, ana.id) == 0
    assert list(blobs.names()) == done
    monkeypatch.undo()
    assert await leftovers.clear(node.db, node.parts.archive, now=now_ms(), young=0) == 1
    assert list(blobs.names()) == []


async def test_history_shows_the_pictures_of_each_version_that_are_still_on_it(
    ana: Person, bo: Person
) -> None:
    first, second = [await upload(ana, description=name) for name in ("the feet", "the top")]
    status = await ana.say("x", media_ids=[first["id"], second["id"]])
    path = f"/api/v1/statuses/{status['id']}"
    changed = {"id": first["id"], "description": "the rubber feet"}
    await ana.put(path, status="y", media_attributes=[changed])
    both = [
        [media["description"] for media in version["media_attachments"]]
        for version in await bo.get(f"{path}/history")
    ]
    assert both == [["the feet", "the top"], ["the rubber feet", "the top"]]
    await ana.put(path, status="z", media_ids=[first["id"]])
    left = [
        [media["description"] for media in version["media_attachments"]]
        for version in await bo.get(f"{path}/history")
    ]
    assert left == [["the feet"], ["the rubber feet"], ["the rubber feet"]], "taken off: hers again"
