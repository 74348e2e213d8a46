"""Uploading pictures: what is none is refused, only pixels are kept, and nobody fills the disk."""

import asyncio
import errno
from contextlib import AsyncExitStack
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image

from domain.kinds import Role
from domain.pictures import LARGEST
from social import leftovers
from social.archive import UPLOADS_OF_ONE, Room
from social.files import MOST_LOOSE
from storage.blobs import DiskFull
from storage.database import now_ms
from storage.queries import files
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import SECRET, form_with, moving, picture, try_upload, upload
from tests.web.looking import seen


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


async def test_limits_are_told(ana: Person) -> None:
    limits = (await ana.get("/api/v2/instance"))["configuration"]
    assert limits["statuses"]["max_media_attachments"] == 4
    assert limits["media_attachments"]["image_size_limit"] == LARGEST
    assert "image/webp" in limits["media_attachments"]["supported_mime_types"]
    assert limits["media_attachments"]["video_size_limit"] == 40 << 20
    for each in ("video/mp4", "audio/ogg", "application/pdf"):
        assert each in limits["media_attachments"]["supported_mime_types"]


async def test_guests_upload_too_and_strangers_do_not(node: RunningNode, gina: Person) -> None:
    await upload(gina)
    answer = await node.ask("POST", "/api/v2/media", data=form_with(picture()))
    assert answer.status == 401
    reader = await node.person("rita", Role.MEMBER, scopes="read")
    assert (await try_upload(reader, picture())).status == 403


async def test_M08_the_same_bytes_are_another_file(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    first, second = await upload(ana), await upload(bo)
    assert first["id"] != second["id"]
    assert urlsplit(first["url"]).path != urlsplit(second["url"]).path
    blobs = node.parts.archive.blobs
    assert len(list(blobs.names())) == 2, "one picture, one preview"


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
