"""Pictures of people: uploaded, shown to who was told the address, seen elsewhere, taken away."""

from io import BytesIO

import pytest
from aiohttp import FormData
from PIL import Image

from domain.kinds import Limit, Role
from social import departures, leftovers, limiting
from storage.database import now_ms
from tests.support.nodes import Answer, Person, RunningNode
from tests.support.pictures import SECRET, picture
from tests.web.visitor import Visitor

CHANGE = "/api/v1/accounts/update_credentials"


def form(**files: bytes) -> FormData:
    made = FormData(default_to_multipart=True)
    for name, content in files.items():
        made.add_field(name, BytesIO(content), filename=f"{name}.jpg", content_type="image/jpeg")
    return made


async def send(person: Person, **files: bytes) -> Answer:
    return await person.ask("PATCH", CHANGE, data=form(**files))


async def test_a_picture_is_drawn_anew_and_shown(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    changed = await send(ana, avatar=picture(exif=exif), header=picture("PNG"))
    assert changed.status == 200
    seen = await bo.get(f"/api/v1/accounts/{ana.id}")
    for name in ("avatar", "header"):
        address = seen[name]
        assert address == changed.json[name]
        assert address.startswith(f"{node.origin}/portraits/{ana.id}/")
        shown = await node.ask("GET", address)
        assert (shown.status, shown.headers["Content-Type"][:6]) == (200, "image/")
        assert SECRET not in shown.body
        assert "sandbox" in shown.headers["Content-Security-Policy"]


async def test_another_picture_has_another_address_and_ends_the_first(
    node: RunningNode, ana: Person
) -> None:
    first = (await send(ana, avatar=picture())).json["avatar"]
    second = (await send(ana, avatar=picture(color=(0, 0, 250)))).json["avatar"]
    assert first != second
    assert (await node.ask("GET", first)).status == 404
    assert (await node.ask("GET", second)).status == 200


async def test_a_picture_is_taken_away(node: RunningNode, ana: Person) -> None:
    shown = (await send(ana, avatar=picture(), header=picture(color=(0, 0, 250)))).json
    without = await ana.delete("/api/v1/profile/avatar")
    assert "/static/" in without["avatar"]
    assert without["header"] == shown["header"]
    assert (await node.ask("GET", shown["avatar"])).status == 404
    assert "/static/" in (await ana.delete("/api/v1/profile/header"))["header"]


@pytest.mark.parametrize("name", ["avatar", "header"])
@pytest.mark.parametrize("content", [b"no picture", b"<svg onload=alert(1)>"], ids=["text", "svg"])
async def test_M02_what_is_no_picture_is_refused(
    node: RunningNode, ana: Person, name: str, content: bytes
) -> None:
    before = await ana.get("/api/v1/accounts/verify_credentials")
    assert (await send(ana, **{name: content})).status == 422
    assert await ana.get("/api/v1/accounts/verify_credentials") == before


async def test_an_address_that_was_not_given_is_not_found(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    address = (await send(ana, avatar=picture())).json["avatar"]
    digest = address.rpartition("/")[2]
    for path in (
        f"/portraits/{bo.id}/{digest}",
        f"/portraits/{ana.id}/{'0' * 64}",
        f"/portraits/{ana.id}/..",
        f"/portraits/x/{digest}",
    ):
        assert (await node.ask("GET", path)).status == 404


@pytest.mark.parametrize("how", ["suspended", "gone"])
async def test_with_its_person_a_picture_goes(
    node: RunningNode, ana: Person, bo: Person, how: str
) -> None:
    await node.person("boss", Role.ADMIN)
    address = (await send(ana, avatar=picture())).json["avatar"]
    if how == "gone":
        await node.db.write(departures.leave_for_good, node=node.node, account_id=ana.id)
    else:
        to = Limit.SUSPENDED
        await node.db.write(limiting.limit, node=node.node, actor_id=ana.id, to=to)
    assert (await node.ask("GET", address)).status == 404


async def test_a_picture_is_chosen_and_taken_away_in_the_browser(
    node: RunningNode, ana: Person, at_ana: Visitor
) -> None:
    page = await at_ana.get("/settings")
    made = form(avatar=picture())
    for name, value in page.fields("/settings").items():
        if name not in {"avatar", "header"}:
            made.add_field(name, value)
    assert (await at_ana.ask("POST", "/settings", data=made)).location == "/settings?saved=1"
    mine = await ana.get("/api/v1/accounts/verify_credentials")
    assert "/portraits/" in mine["avatar"]
    again = await at_ana.get("/settings")
    fields = {k: v for k, v in again.fields("/settings").items() if k not in {"avatar", "header"}}
    await at_ana.post("/settings", **fields, **{"no-avatar": "1"})
    mine = await ana.get("/api/v1/accounts/verify_credentials")
    assert "/static/" in mine["avatar"]


async def test_the_daily_sweep_leaves_pictures_that_are_shown(
    node: RunningNode, ana: Person
) -> None:
    first = (await send(ana, avatar=picture())).json["avatar"]
    second = (await send(ana, avatar=picture(color=(0, 0, 250)))).json["avatar"]
    archive = node.parts.archive
    await leftovers.clear(node.db, archive, now=now_ms(), young=0.0)
    assert await archive.read(second.rpartition("/")[2]) is not None
    assert await archive.read(first.rpartition("/")[2]) is None
