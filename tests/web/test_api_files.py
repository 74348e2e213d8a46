"""Film, sound and documents through the API: made ready, posted, read in parts, saved."""

from io import BytesIO
from typing import Any

import av
import pytest
from PIL import Image

from domain.filetypes import LARGEST, Form
from social.preparing import PREPARE
from storage.queries import files
from tests.support.films import PDF, film, office, open_document
from tests.support.nodes import Answer, Json, Person, RunningNode, until
from tests.support.pictures import SECRET, form_with, picture, try_upload
from tests.support.strict import check


async def send(person: Person, content: bytes, name: str = "x", **fields: str) -> Answer:
    return await person.ask("POST", "/api/v2/media", data=form_with(content, name, **fields))


async def ready(person: Person, made: Json) -> Answer:
    """The answer once it is no longer "not yet"."""
    found: list[Answer] = []

    async def done() -> bool:
        found[:] = [await person.ask("GET", f"/api/v1/media/{made['id']}")]
        return found[0].status != 206

    await until(done)
    return found[0]


async def sent(person: Person, content: bytes, name: str = "x", **fields: str) -> Json:
    """A file that is ready to be posted."""
    answer = await send(person, content, name, **fields)
    assert answer.status in {200, 202}, answer.text
    answer = await ready(person, answer.json)
    assert answer.status == 200, answer.text
    return answer.json


TYPES = {
    "mp4": ("video", "video/mp4"),
    "silent": ("video", "video/mp4"),
    "mov": ("video", "video/mp4"),
    "webm": ("video", "video/webm"),
    "m4a": ("audio", "audio/mp4"),
    "mp3": ("audio", "audio/mpeg"),
    "ogg": ("audio", "audio/ogg"),
    "flac": ("audio", "audio/flac"),
    "wav": ("audio", "audio/wav"),
}


@pytest.mark.parametrize("kind", TYPES)
async def test_M02_film_and_sound_keep_their_tracks_alone(
    node: RunningNode, ana: Person, kind: str
) -> None:
    content = film(kind)
    assert SECRET in content, "the test hides something"
    first = await send(ana, content, description="a blue field")
    assert first.status == 202
    assert first.json["url"] is None
    answer = await ready(ana, first.json)
    assert answer.status == 200
    made = answer.json
    check("media", made)
    assert made["type"] == TYPES[kind][0]
    assert made["description"] == "a blue field"
    assert 0.9 < made["meta"]["original"]["duration"] < 1.2
    shown = await node.ask("GET", made["url"])
    assert shown.headers["Content-Type"] == TYPES[kind][1]
    assert SECRET not in shown.body
    with av.open(BytesIO(shown.body), "r") as kept:
        assert len([packet for packet in kept.demux() if packet.size]) > 5
    if made["type"] == "video":
        assert made["meta"]["original"]["size"] == "64x48"
        small = await node.ask("GET", made["preview_url"])
        red, _, blue = Image.open(BytesIO(small.body)).convert("RGB").getpixel((9, 9))  # type: ignore[misc]
        assert blue > red + 50
        assert made["blurhash"]
    else:
        assert made["preview_url"] is None


@pytest.mark.both
@pytest.mark.operation("GET /api/v1/media/:id")
async def test_a_film_is_posted_once_it_is_ready(
    node: RunningNode, ana: Person, bo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, made_ready = node.parts.archive, []

    async def later(content: bytes, name: str = "") -> Any:
        made_ready.append(content)
        await until_allowed()
        return await keep(content, name)

    allowed: list[bool] = []

    async def until_allowed() -> None:
        async def yes() -> bool:
            return bool(allowed)

        await until(yes)

    keep = archive.keep
    monkeypatch.setattr(archive, "keep", later)
    first = await send(ana, film())
    waiting = await ana.ask("GET", f"/api/v1/media/{first.json['id']}")
    assert (waiting.status, waiting.json["url"]) == (206, None)
    body = {"status": "x", "media_ids": [first.json["id"]]}
    early = await ana.ask("POST", "/api/v1/statuses", json=body)
    assert early.status == 422
    assert "being made ready" in early.json["error"]
    theft = await bo.ask("POST", "/api/v1/statuses", json=body)
    assert "not there any more" in theft.json["error"], "M07: nobody learns that it is coming"
    allowed.append(True)
    await ready(ana, first.json)
    status = await ana.say("x", media_ids=[first.json["id"]])
    (shown,) = (await bo.get(f"/api/v1/statuses/{status['id']}"))["media_attachments"]
    assert (await node.ask("GET", shown["url"])).status == 200
    assert len(made_ready) == 1


def bytes_kept(node: RunningNode) -> bytes:
    folder = node.parts.settings.folder / "files"
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.both
async def test_M02_what_was_sent_is_not_kept(node: RunningNode, ana: Person) -> None:
    await sent(ana, film())
    answer = await send(ana, film("mkv"))
    assert (await ready(ana, answer.json)).status == 422

    async def gone() -> bool:
        return SECRET not in bytes_kept(node)

    await until(gone)
    assert len(list(node.parts.archive.blobs.names())) == 2, "the film and its small picture"


async def test_M02_what_waits_is_seen_by_nobody(node: RunningNode, ana: Person) -> None:
    first = await send(ana, film())
    row = await node.db.read(files.by_id, int(first.json["id"]))
    assert row is not None
    if not row.is_here:
        address = node.node.media(row.id, ana.id)
        assert (await node.ask("GET", address)).status in {200, 404}
    await ready(ana, first.json)
    again = await node.db.read(files.by_id, row.id)
    assert again is not None
    assert again.digest != row.digest or row.is_here


async def test_D18_what_is_no_film_says_so(node: RunningNode, ana: Person) -> None:
    playlist = b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n"
    concat = b"ffconcat version 1.0\nfile '/etc/passwd'\n"
    box = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
    for content in (playlist, concat):
        assert (await send(ana, content, "film.mp4")).status == 422
    for content in (box + playlist, box + concat, film()[:400], film("mkv"), b"OggS" + b"x" * 99):
        answer = await send(ana, content, "film.mp4")
        assert answer.status == 202
        answer = await ready(ana, answer.json)
        assert answer.status == 422, content[:20]
        assert "cannot be shown" in answer.json["error"]
        body = {"status": "x", "media_ids": ["1"]}
        assert (await ana.ask("POST", "/api/v1/statuses", json=body)).status == 422


async def test_what_is_larger_than_its_kind_may_be_is_refused(ana: Person) -> None:
    for content, name, word in (
        (PDF[:9] + b"x" * LARGEST[Form.PAPER] + PDF[-6:], "x.pdf", "20 megabytes"),
        (film("mp3") + b"x" * LARGEST[Form.SOUND], "x.mp3", "40 megabytes"),
    ):
        answer = await send(ana, content, name)
        assert answer.status == 422
        assert word in answer.json["error"]


async def test_M05_a_film_is_read_in_parts(node: RunningNode, ana: Person) -> None:
    content = film("wav", seconds=30)
    made = await sent(ana, content)
    whole = (await node.ask("GET", made["url"])).body
    assert len(whole) > 2 << 20, "more than is in memory at once"
    head = await node.ask("HEAD", made["url"])
    assert (head.body, head.headers["Content-Length"]) == (b"", str(len(whole)))
    for start, end in ((0, 99), (1 << 20, (1 << 20) + 5), (1000, len(whole) - 1)):
        answer = await node.ask("GET", made["url"], headers={"Range": f"bytes={start}-{end}"})
        assert answer.status == 206
        assert answer.body == whole[start : end + 1]
    tail = await node.ask("GET", made["url"], headers={"Range": "bytes=-10"})
    assert tail.body == whole[-10:]


PAPERS = {
    "plan.pdf": (PDF, "application/pdf"),
    "plan.docx": (office("docx"), "wordprocessingml"),
    "plan.xlsx": (office("xlsx"), "spreadsheetml"),
    "plan.pptx": (office("pptx"), "presentationml"),
    "plan.odt": (open_document(), "opendocument.text"),
    "plan.txt": ("Grüße".encode(), "text/plain; charset=utf-8"),
    "plan.md": (b"# Plan\n", "text/markdown; charset=utf-8"),
    "plan.csv": (b"a,b\n1,2\n", "text/csv; charset=utf-8"),
}


@pytest.mark.parametrize("name", PAPERS)
async def test_documents_are_saved_and_never_opened(
    node: RunningNode, ana: Person, bo: Person, name: str
) -> None:
    content, said = PAPERS[name]
    made = await sent(ana, content, name)
    assert made["type"] == "unknown"
    assert made["url"].endswith(f"/{name}")
    assert made["description"] == name
    status = await ana.say("the plan", media_ids=[made["id"]])
    (shown,) = (await bo.get(f"/api/v1/statuses/{status['id']}"))["media_attachments"]
    check("media", shown)
    answer = await node.ask("GET", shown["url"])
    assert answer.body == content
    assert said in answer.headers["Content-Type"]
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert disposition.endswith(f"filename*=UTF-8''{name}")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert (await node.ask("GET", f"{shown['url']}x")).status == 404


MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


def named(name: str) -> bytes:
    """A form with a document of this name, as a hostile client writes it."""
    name = name.replace('"', '\\"')
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + PDF + b"\r\n--b--\r\n"


async def test_M06_a_documents_name_is_made_harmless(node: RunningNode, ana: Person) -> None:
    names = {
        "../../etc/passwd": "passwd.pdf",
        "C:/temp/plan.pdf": "plan.pdf",
        "gpj.\u202efdp.exe": "gpj.fdp.pdf",
        'a"b;c.pdf': "abc.pdf",
        "x%0D%0ASet-Cookie: a=b.pdf": "x0D0ASet-Cookie a=b.pdf",
        "y" * 4000 + ".pdf": "y" * 120 + ".pdf",
        "Übersicht 2026.pdf": "Übersicht 2026.pdf",
        "...": "file.pdf",
    }
    for given, kept in names.items():
        answer = await ana.ask("POST", "/api/v2/media", data=named(given), headers=MULTIPART)
        assert answer.status == 200, answer.text
        made = answer.json
        row = await node.db.read(files.by_id, int(made["id"]))
        assert row is not None
        assert row.name == kept, given
        shown = await node.ask("GET", made["url"])
        assert shown.status == 200, given
        assert "Set-Cookie" not in shown.headers
        assert "\u202e" not in shown.headers["Content-Disposition"]


async def test_M01_what_a_browser_would_run_is_no_document(ana: Person) -> None:
    refused: dict[str, bytes] = {
        "page.html": b"<!doctype html><script>alert(1)</script>",
        "page.txt": b"  <html><script>alert(1)</script></html>",
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "drawing.txt": b'<?xml version="1.0"?><svg/>',
        "feed.xml": b"<feed/>",
        "run.js": b"alert(1)",
        "data.json": b'{"id": "https://a.example/1"}',
        "data.txt": b'{"@context": "https://www.w3.org/ns/activitystreams"}',
        "gif.js": b"GIF89a/*" + b"x" * 20 + b"*/=1;alert(1)",
        "plan.pdf": b"junk before %PDF-1.7\n%%EOF",
        "both.pdf": PDF + office(),
        "page.pdf": b"%PDF-1.7\n<html><script>alert(1)</script>\n%%EOF",
        "binary.txt": bytes(range(256)),
        "latin.csv": "Grüße".encode("latin-1"),
        "empty.txt": b"",
        "archive.zip": office()[:30],
        "run.exe": b"MZ" + b"\0" * 99,
    }
    for name, content in refused.items():
        answer = await send(ana, content, name)
        assert answer.status == 422, name
        assert answer.json["error"], name


@pytest.mark.operation("DELETE /api/v1/media/:id")
async def test_a_client_forgets_what_it_uploaded(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    made = await sent(ana, picture())
    assert (await bo.ask("DELETE", f"/api/v1/media/{made['id']}")).status == 404
    assert (await ana.ask("DELETE", f"/api/v1/media/{made['id']}")).status == 200
    assert (await ana.ask("GET", f"/api/v1/media/{made['id']}")).status == 404
    assert (await node.ask("GET", made["url"])).status == 404
    used = await sent(ana, picture())
    status = await ana.say("x", media_ids=[used["id"]])
    kept = await ana.ask("DELETE", f"/api/v1/media/{used['id']}")
    assert (kept.status, "used" in kept.json["error"]) == (422, True)
    assert (await bo.ask("DELETE", f"/api/v1/media/{used['id']}")).status == 404
    seen = await bo.get(f"/api/v1/statuses/{status['id']}")
    assert [media["id"] for media in seen["media_attachments"]] == [used["id"]]


async def test_the_first_way_of_uploading_waits_until_a_film_is_ready(ana: Person) -> None:
    answer = await try_upload(ana, film(), "/api/v1/media")
    assert (answer.status, answer.json["type"]) == (200, "video")
    assert answer.json["url"] is not None


async def test_a_job_that_runs_again_changes_nothing(node: RunningNode, ana: Person) -> None:
    from jobs.queue import enqueue

    made = await sent(ana, film())
    row = await node.db.read(files.by_id, int(made["id"]))
    for file in (int(made["id"]), 77):
        await node.db.write(enqueue, PREPARE, {"file": file})
    other = await sent(ana, film("ogg"))  # its job ran after those
    assert other["type"] == "audio"
    assert await node.db.read(files.by_id, int(made["id"])) == row
