"""Pictures through the API: uploaded, described, posted, and arranged anew by edits."""

from io import BytesIO

import pytest
from PIL import Image

from social.files import LONGEST_ALT
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import picture, try_upload, upload
from tests.support.strict import check
from tests.web.looking import seen


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
