"""Files elsewhere that are refused or cannot be had, and in whose name one is asked for."""

import pytest
from sqlalchemy import update

from domain.filetypes import LARGEST, Form
from domain.kinds import RuleAction
from social import leftovers, on_demand
from storage.database import now_ms
from storage.queries import origins
from storage.tables.files import files
from tests.support.films import PDF
from tests.support.nodes import Nodes, RunningNode, until
from tests.support.pictures import picture, upload
from tests.support.stranger import Page, Stranger, stranger
from tests.together.attachments import rows
from tests.together.remote_files import asked, far, file, hq, posted, seen
from tests.together.stories import befriend, known, settled

__all__ = ["far", "hq"]


async def test_M09_other_kinds_stay_links(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    others = [
        file(far.url("/plan.pdf"), "application/pdf"),
        file(far.url("/x.svg"), "image/svg+xml"),
        file(far.url("/x.html"), "text/html"),
    ]
    note = far.note(zoe, attachment=others)
    status = await ana.find_post(note["id"])
    assert status["media_attachments"] == []
    for name in ("plan.pdf", "x.svg", "x.html"):
        assert far.url(f"/{name}") in status["content"]


@pytest.mark.parametrize(
    "content", [b"<svg/>", PDF, b"", b"{}"], ids=["svg", "pdf", "empty", "json"]
)
async def test_M09_what_is_no_picture_is_a_link_from_then_on(
    hq: RunningNode, far: Stranger, content: bytes
) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    far.pages["/1.jpg"] = Page(content, type="image/jpeg")
    note = far.note(zoe, attachment=[file(far.url("/1.jpg"))])
    (shown,) = await seen(ana, note)
    assert (await hq.ask("GET", shown["url"])).status == 404
    (later,) = await seen(ana, note)
    assert later["type"] == "unknown"
    assert later["url"] == later["remote_url"] == far.url("/1.jpg")
    assert later["preview_url"] is None
    assert (await hq.ask("GET", shown["url"])).status == 404
    assert len(asked(far, "/1.jpg")) == 1


async def test_D03_what_is_too_large_is_a_link(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    far.pages["/1.jpg"] = Page(picture() + b"x" * LARGEST[Form.PICTURE], type="image/jpeg")
    note = far.note(zoe, attachment=[file(far.url("/1.jpg"))])
    (shown,) = await seen(ana, note)
    assert (await hq.ask("GET", shown["url"])).status == 404
    assert (await seen(ana, note))[0]["type"] == "unknown"


async def test_what_could_not_be_had_rests_and_comes_later(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    far.pages["/1.jpg"] = Page(b"", status=503)
    note = far.note(zoe, attachment=[file(far.url("/1.jpg"))])
    (shown,) = await seen(ana, note)
    for _ in range(3):
        assert (await hq.ask("GET", shown["url"])).status == 404
    assert len(asked(far, "/1.jpg")) == 1
    far.pages["/1.jpg"] = Page(picture(), type="image/jpeg")
    past = update(files).values(tried_at=files.c.tried_at - 2 * on_demand.REST_MS)
    await hq.db.write(lambda tx: tx.change(past))
    assert (await hq.ask("GET", shown["url"])).status == 200


async def test_M03_who_may_not_read_the_post_brings_nothing(hq: RunningNode, far: Stranger) -> None:
    ana, bo, zoe = await known(hq, "ana"), await known(hq, "bo"), far.person("zoe")
    await ana.find(zoe.uri)
    far.pages["/1.jpg"] = Page(picture(), type="image/jpeg")
    tag = {"type": "Mention", "href": ana.uri, "name": f"@ana@{hq.host}"}
    note = await posted(
        far, zoe, hq, to=[ana.uri], cc=[], tag=[tag], attachment=[file(far.url("/1.jpg"))]
    )
    (shown,) = await seen(ana, note)
    (row,) = await rows(hq)
    for who in (bo.id, 0):
        assert (await hq.ask("GET", hq.node.media(row.id, who))).status == 404
    assert (await hq.ask("GET", f"/files/{row.id}")).status == 404
    assert asked(far, "/1.jpg") == []
    assert (await hq.ask("GET", shown["url"])).status == 200
    (headers,) = asked(far, "/1.jpg")
    assert f"/a/{ana.id}" in headers["signature"], "asked for as one who may read it"


async def test_F09_a_third_server_is_asked_as_anybody(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    await ana.find(zoe.uri)
    async with stranger("third") as third:
        third.pages["/1.jpg"] = Page(picture(), type="image/jpeg")
        tag = {"type": "Mention", "href": ana.uri, "name": f"@ana@{hq.host}"}
        note = await posted(
            far, zoe, hq, to=[ana.uri], cc=[], tag=[tag], attachment=[file(third.url("/1.jpg"))]
        )
        (shown,) = await seen(ana, note)
        assert (await hq.ask("GET", shown["url"])).status == 200
        (headers,) = asked(third, "/1.jpg")
        assert "signature" not in headers


@pytest.mark.both
async def test_what_we_do_not_ask_for_is_a_link_until_we_do(nodes: Nodes, far: Stranger) -> None:
    hq = await nodes.start("hq", federation="partners")
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    await hq.db.write(origins.set_rule, far.authority, RuleAction.ALLOW)
    async with stranger("files") as third:
        third.pages["/1.jpg"] = Page(picture(), type="image/jpeg")
        note = far.note(zoe, attachment=[file(third.url("/1.jpg"))])
        (shown,) = await seen(ana, note)
        assert (await hq.ask("GET", shown["url"])).status == 404
        assert third.seen == []
        (link,) = await seen(ana, note)
        assert (link["type"], link["url"]) == ("unknown", third.url("/1.jpg"))
        await hq.db.write(origins.set_rule, third.authority, RuleAction.ALLOW)
        policy = hq.parts.fetcher.policy
        await until(lambda: policy.may_exchange(third.authority))
        late = now_ms() + (leftovers.FORGIVEN_HOURS + 1) * 3_600_000
        await leftovers.clear(hq.db, hq.parts.archive, now=late)
        (again,) = await seen(ana, note)
        assert again["type"] == "image"
        assert (await hq.ask("GET", again["url"])).status == 200


async def test_F01_no_address_inside_the_house_is_asked(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await known(hq, "ana"), far.person("zoe")
    note = far.note(zoe, attachment=[file("http://10.0.0.1/1.jpg")])
    (shown,) = await seen(ana, note)
    assert (await hq.ask("GET", shown["url"])).status == 404


async def test_other_bytes_than_our_node_told_are_not_shown(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, cy = await known(hq, "ana"), await known(lab, "cy")
    await befriend(cy, ana)
    made = await upload(ana)
    (original,) = await rows(hq)
    blob = hq.parts.settings.folder / "files" / original.digest[:2] / original.digest
    blob.write_bytes(picture(color=(0, 0, 255)))
    status = await ana.say("look", media_ids=[made["id"]])
    await settled(hq, lab)
    (shown,) = (await cy.find_post(status["uri"]))["media_attachments"]
    assert (await lab.ask("GET", shown["url"])).status == 404
