"""A node whose files lie in an S3-compatible store (moto's server): everything as with a folder."""

from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from server.settings import SettingsError, load
from social import leftovers
from social.files import proxied
from storage.buckets import bucket
from storage.database import now_ms
from tests.support.films import film
from tests.support.nodes import RunningNode, running_node, until
from tests.support.pictures import picture, try_upload, upload
from tests.support.s3 import Store, running_store
from tests.support.stranger import Page, stranger
from tests.web.test_api_files import sent


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with running_store() as running:
        yield running


@pytest.fixture
def place(store: Store) -> str:
    return store.new_bucket("node")


@pytest.fixture
async def node(
    new_database_url: Callable[[], str], tmp_path: Path, place: str
) -> AsyncIterator[RunningNode]:
    async with running_node(new_database_url(), tmp_path / "hq", files=place) as running:
        yield running


async def test_files_are_kept_and_read_in_a_store(node: RunningNode, place: str) -> None:
    ana = await node.person("ana")
    made, long = await upload(ana), await sent(ana, film("wav", seconds=30))
    answer = await node.ask("GET", made["url"])
    assert Image.open(BytesIO(answer.body)).size == (64, 48)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    whole = (await node.ask("GET", long["url"])).body
    assert len(whole) > 2 << 20
    part = await node.ask("GET", long["url"], headers={"Range": "bytes=1048570-1048580"})
    assert (part.status, part.body) == (206, whole[1048570:1048581])

    async def only_what_is_shown() -> bool:
        return len(set(bucket(place).names())) == 3  # the sound as it was sent goes

    await until(only_what_is_shown)
    assert not (node.parts.settings.folder / "files").exists()


async def test_what_nobody_needs_is_cleared_away_there_too(node: RunningNode, place: str) -> None:
    ana = await node.person("ana")
    made = await upload(ana)
    await ana.ask("DELETE", f"/api/v1/media/{made['id']}")
    used = await upload(ana, picture("PNG"))
    await ana.say("x", media_ids=[used["id"]])
    archive = node.parts.archive
    assert await leftovers.clear(node.db, archive, now=now_ms(), young=-5) == 2
    assert len(list(bucket(place).names())) == 2
    assert (await node.ask("GET", used["url"])).status == 200


async def test_pictures_by_proxy_are_kept_there_too(node: RunningNode, place: str) -> None:
    async with stranger("far") as far:
        far.pages["/a.png"] = Page(picture("PNG"), type="image/png")
        answer = await node.ask("GET", proxied(node.node, far.url("/a.png")))
    assert answer.status == 200
    assert len(list(bucket(place).names())) == 1


async def test_a_store_that_is_away_is_told_and_nothing_is_lost(
    new_database_url: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = "s3://key:secret@gone?endpoint=http://127.0.0.1:9"
    async with running_node(new_database_url(), tmp_path / "hq", files=away) as node:
        monkeypatch.setattr(node.parts.archive, "blobs", bucket(away, patience=0.1))
        ana = await node.person("ana")
        answer = await try_upload(ana, picture())
        assert answer.status == 503
        assert "secret" not in answer.text


def test_what_is_no_store_stops_the_start() -> None:
    for wrong in ("s3://", "gs://bucket", "s3://key:secret@bucket?endpoint=ftp://x"):
        with pytest.raises(SettingsError) as refused:
            load({}, {"files": wrong})
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("500 MB", 500 << 20), ("1.5GB", 3 << 29), ("12", 12)]
)
def test_quotas_are_sizes(text: str, size: int) -> None:
    room = load({}, {"account_quota": text, "files_quota": text, "cache_quota": text}).room
    assert (room.one, room.all, room.cache) == (size, size, size)


@pytest.mark.parametrize("text", ["", "many", "-1", "1 XB", "1e9"])
def test_other_sizes_stop_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="account_quota"):
        load({}, {"account_quota": text})
