"""Every kind of post that Fedify has words for, and files, both ways."""

from collections.abc import AsyncIterator
from io import BytesIO

import pytest
import pytest_asyncio
from PIL import Image

from tests.peers.meeting import arrived, they_follow, we_follow
from tests.support.fedify import FedifyPeer
from tests.support.nodes import Person
from tests.support.pictures import picture, upload
from tests.support.stranger import Page, Stranger, stranger

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATUSES = "/api/v1/statuses"


@pytest.mark.parametrize(
    "kind", ["Article", "Audio", "Document", "Event", "Image", "Page", "Video"]
)
@pytest.mark.interop("Create{Article}", "in", "a post with its title", peer="Fedify")
@pytest.mark.interop("Create{Audio}", "in", "a post with its title", peer="Fedify")
@pytest.mark.interop("Create{Document}", "in", "a post with its title", peer="Fedify")
@pytest.mark.interop("Create{Event}", "in", "a post with its title", peer="Fedify")
@pytest.mark.interop("Create{Image}", "in", "a post with its title", peer="Fedify")
@pytest.mark.interop("Create{Page}", "in", "a post with its title", peer="Fedify")
@pytest.mark.interop("Create{Video}", "in", "a post with its title", peer="Fedify")
@pytest.mark.interop("Update{Article}", "in", "the new title and words", peer="Fedify")
async def test_every_kind_is_a_post_with_its_title(
    peer: FedifyPeer, ana: Person, rue: str, kind: str
) -> None:
    await we_follow(ana, peer, rue)
    words = f"words of a {kind} {ana.handle}"
    sent = await peer.post(rue, f"<p>{words}</p>", kind=kind, name="On lifting")
    arrived(sent, peer)
    assert sent["document"]["object"]["type"] == kind
    seen = await ana.sees(words)
    assert "<strong>On lifting</strong>" in seen["content"]
    assert seen["uri"] == sent["id"]
    arrived(await peer.edit(sent["id"], name="On resting"), peer)
    await ana.sees("On resting")
    now = await ana.get(f"{STATUSES}/{seen['id']}")
    assert "On lifting" not in now["content"]
    assert now["edited_at"] is not None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def album() -> AsyncIterator[Stranger]:
    """Where pictures lie."""
    async with stranger("album") as server:
        server.pages["/lift.jpg"] = Page(picture(), type="image/jpeg")
        yield server


@pytest.mark.interop(
    "Note with pictures", "in", "shown with text and size; fetched when looked at", peer="Fedify"
)
async def test_their_pictures_are_shown(
    peer: FedifyPeer, ana: Person, rue: str, album: Stranger
) -> None:
    await we_follow(ana, peer, rue)
    attached = {
        "url": album.url("/lift.jpg"),
        "media_type": "image/jpeg",
        "name": "a lift",
        "width": 64,
        "height": 48,
    }
    await peer.post(rue, f"look {ana.handle}", attachments=[attached])
    (shown,) = (await ana.sees(f"look {ana.handle}"))["media_attachments"]
    assert (shown["type"], shown["description"]) == ("image", "a lift")
    assert shown["meta"]["original"]["size"] == "64x48"
    answer = await ana.node.ask("GET", shown["url"])
    assert answer.status == 200
    Image.open(BytesIO(answer.body)).verify()


@pytest.mark.interop(
    "Note with pictures", "out", "with alt text, at an open address", peer="Fedify"
)
async def test_our_pictures_are_understood(peer: FedifyPeer, ana: Person, rue: str) -> None:
    await they_follow(peer, rue, ana)
    made = await upload(ana, description="a red field")
    status = await ana.say("look", media_ids=[made["id"]])
    post = await peer.wait_post(status["uri"])
    (attached,) = post["attachments"]
    assert (attached["type"], attached["name"]) == ("Image", "a red field")
    assert attached["url"] is not None
    answer = await ana.node.ask("GET", attached["url"])
    assert (answer.status, answer.headers["Content-Type"]) == (200, attached["media_type"])
