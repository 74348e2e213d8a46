"""Pictures of other servers, by way of ours: only pictures, only for who can name them."""

from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import func, select, update

from social.files import proxied
from social.proxying import REST_MS
from storage.queries.proxied import held
from storage.tables.files import proxied as table
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import SECRET, picture
from tests.support.stranger import Page, Stranger, stranger

PATH = "/pictures/ana.png"


@pytest.fixture
async def far() -> AsyncIterator[Stranger]:
    async with stranger("far") as server:
        yield server


async def rested(node: RunningNode) -> None:
    """As if the last attempts were long ago."""
    past = update(table).values(tried_at=table.c.tried_at - 2 * REST_MS)
    await node.db.write(lambda tx: tx.change(past))


def asked(far: Stranger, path: str = PATH) -> int:
    return sum(one.path == path for one in far.seen)


async def test_a_picture_elsewhere_is_drawn_anew_and_asked_for_once(
    node: RunningNode, far: Stranger
) -> None:
    far.pages[PATH] = Page(picture("PNG", comment=SECRET), type="image/png")
    address = proxied(node.node, far.url(PATH))
    assert address.startswith(f"{node.node.origin}/proxy/")
    for _ in range(3):
        answer = await node.ask("GET", address)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "image/png"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert Image.open(BytesIO(answer.body)).size == (64, 48)
        assert SECRET not in answer.body
    assert asked(far) == 1
    (seen,) = (one for one in far.seen if one.path == PATH)
    assert "signature" not in seen.headers, "asked for as anybody"
    assert "cookie" not in seen.headers
    again = await node.ask("GET", address, headers={"If-None-Match": answer.headers["Etag"]})
    assert again.status == 304


async def test_M09_what_is_no_picture_is_not_there_whatever_it_is_called(
    node: RunningNode, far: Stranger
) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    bodies = {
        "/svg": Page(svg, type="image/svg+xml"),
        "/page": Page(b"<html><script>alert(1)</script></html>", type="image/png"),
        "/actor": Page({"id": far.url("/actor"), "type": "Person"}),
        "/pdf": Page(b"%PDF-1.7\n%%EOF", type="image/png"),
        "/gone": Page(b"", status=404),
        "/broken": Page(picture("PNG")[:60], type="image/png"),
    }
    far.pages.update(bodies)
    for path in bodies:
        answer = await node.ask("GET", proxied(node.node, far.url(path)))
        assert answer.status == 404, path
        assert answer.headers["Content-Type"].startswith("application/json")


async def test_M09_a_picture_that_says_it_is_a_document_is_sent_as_a_picture(
    node: RunningNode, far: Stranger
) -> None:
    for number, said in enumerate(("application/activity+json", "text/html", "image/svg+xml")):
        far.pages[f"/{number}"] = Page(picture("JPEG"), type=said)
        answer = await node.ask("GET", proxied(node.node, far.url(f"/{number}")))
        assert answer.headers["Content-Type"] == "image/jpeg", said


async def test_M09_nobody_else_can_name_what_is_fetched(node: RunningNode, far: Stranger) -> None:
    far.pages[PATH] = Page(picture(), type="image/jpeg")
    right, other = (proxied(node.node, far.url(path)) for path in (PATH, "/other"))
    front, mac, name = right.rsplit("/", 2)
    wrong = [
        f"{front}/{'0' * len(mac)}/{name}",
        f"{front}/{mac}/{other.rsplit('/', 1)[1]}",
        f"{front}/{mac}/{name}AAAA",
        f"{front}/{mac}/%C3%A9",
        f"{front}/{mac}/{'A' * 7000}",
    ]
    for address in wrong:
        assert (await node.ask("GET", address)).status == 404, address
    assert far.seen == []
    assert (await node.ask("GET", right)).status == 200


async def test_F01_no_address_inside_the_house_is_fetched(node: RunningNode) -> None:
    for url in ("http://10.0.0.1/x.png", "http://[::ffff:10.0.0.1]/x", "http://169.254.169.254/"):
        assert (await node.ask("GET", proxied(node.node, url))).status == 404
    for url in ("javascript:alert(1)", "file:///etc/passwd", "data:image/png;base64,AAAA", ""):
        assert (await node.ask("GET", proxied(node.node, url))).status == 404


@pytest.mark.both
async def test_what_could_not_be_had_rests(node: RunningNode, far: Stranger) -> None:
    address = proxied(node.node, far.url(PATH))
    for _ in range(3):
        assert (await node.ask("GET", address)).status == 404
    assert asked(far) == 1
    far.pages[PATH] = Page(picture(), type="image/jpeg")
    assert (await node.ask("GET", address)).status == 404
    await rested(node)
    assert (await node.ask("GET", address)).status == 200
    assert asked(far) == 2


async def test_lost_bytes_are_fetched_again(node: RunningNode, far: Stranger) -> None:
    far.pages[PATH] = Page(picture(), type="image/jpeg")
    address = proxied(node.node, far.url(PATH))
    await node.ask("GET", address)
    digest = await node.db.read(lambda tx: tx.scalar(select(table.c.digest)))
    assert node.parts.archive.blobs.drop(digest or "", young=0)
    assert (await node.ask("GET", address)).status == 200
    assert asked(far) == 2
    assert await node.db.read(lambda tx: tx.scalar(select(func.count(table.c.key)))) == 1


@pytest.mark.both
async def test_lost_bytes_whose_server_is_gone_rest_too(node: RunningNode, far: Stranger) -> None:
    far.pages[PATH] = Page(picture(), type="image/jpeg")
    address = proxied(node.node, far.url(PATH))
    await node.ask("GET", address)
    digest = await node.db.read(lambda tx: tx.scalar(select(table.c.digest)))
    assert node.parts.archive.blobs.drop(digest or "", young=0)
    del far.pages[PATH]
    for _ in range(3):
        assert (await node.ask("GET", address)).status == 404
    assert asked(far) == 2
    assert await node.db.read(held) == 0, "what is not here takes no room"
    far.pages[PATH] = Page(picture(), type="image/jpeg")
    await rested(node)
    assert (await node.ask("GET", address)).status == 200
    assert asked(far) == 3


async def test_F09_apps_show_people_elsewhere_by_our_addresses(
    node: RunningNode, ana: Person, far: Stranger
) -> None:
    zoe = far.person("zoe")
    zoe.document["icon"] = {"type": "Image", "url": far.url(PATH)}
    zoe.document["image"] = {"type": "Image", "url": far.url("/header.png")}
    far.pages[PATH] = Page(picture(), type="image/jpeg")
    found = await ana.find(zoe.uri)
    for name in ("avatar", "avatar_static", "header", "header_static"):
        assert found[name].startswith(f"{node.node.origin}/proxy/"), name
    assert (await node.ask("GET", found["avatar"])).status == 200
