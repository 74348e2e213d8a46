"""The addresses of pictures: each reader has an own one, and it gives nothing to anybody else."""

from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from domain.kinds import AccountState
from storage.queries import accounts
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import picture, upload
from tests.web.gathering import found_club
from tests.web.looking import for_the_world, seen

NOBODY = 0


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
    await node.db.write(for_the_world, int(status["id"]))
    assert (await seen(node, mine)).status == 200
    shown = (await node.ask("GET", f"/api/v1/statuses/{status['id']}")).json
    assert (await seen(node, shown["media_attachments"][0])).status == 200


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
