"""Pictures of members on plain servers: drawn anew, announced as our copies, or not kept at all."""

from hashlib import sha256
from typing import Any

import msgspec
import orjson
import pytest

from domain.audience import Viewer
from domain.errors import NotFound
from domain.kinds import Way
from domain.pictures import LARGEST
from social import copies
from storage.queries import actors, communities
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.pictures import SECRET, picture, upload
from tests.support.stranger import Document, Page
from tests.together.attachments import rows
from tests.together.plain_club import PlainClub
from tests.together.stories import settled
from web.media import handed_out


async def write(club: PlainClub, url: str, media_type: str = "image/jpeg") -> Document:
    """Dee writes to the community, with a file of her server."""
    note = club.mastodon.note(
        club.dee, f"<p>@club@{club.hq.host} look</p>", "direct", club.uri, None, mentions=True
    )
    file = {"type": "Document", "mediaType": media_type, "url": url, "name": "a field"}
    note["attachment"] = [file]
    await club.mastodon.spread(
        club.dee, club.mastodon._activity(club.dee, "Create", note), club.uri
    )
    return note


@pytest.mark.interop(
    "Note with pictures",
    "in",
    "from a member of a community: drawn anew, and announced with the community's copy",
    peer="scripted Mastodon",
)
@pytest.mark.both
async def test_a_plain_members_picture_is_shown_and_announced(club: PlainClub) -> None:
    server = club.mastodon.server
    content = picture(comment=SECRET)
    server.pages["/media/1.jpg"] = Page(content, type="text/html")
    note = await write(club, server.url("/media/1.jpg"))
    await settled(club.hq)
    row = await club.heard(note)
    assert row is not None
    (seen,) = (await club.ana.get(f"/api/v1/statuses/{row.id}"))["media_attachments"]
    assert seen["description"] == "a field"
    answer = await club.hq.ask("GET", seen["url"])
    assert answer.headers["Content-Type"] == "image/jpeg", "M09: what it is, not what it is called"
    assert SECRET not in answer.body
    assert "1.jpg" not in row.content
    (inner,) = [
        one
        for one in await club.sent()
        if one["type"] == "Create"
        and "look" in str(one)
        and one["actor"] == club.uri
        and "tertulia:onBehalfOf" in one
    ]
    (attached,) = inner["object"]["attachment"]
    assert attached["url"].startswith(f"{club.hq.origin}/files/")
    assert attached["tertulia:sha256"] == sha256(answer.body).hexdigest()


async def test_M03_rule_10_a_plain_server_gets_no_file_by_its_id(club: PlainClub) -> None:
    media = await upload(club.ana)
    await club.ana.say("@club look", visibility="private", media_ids=[media["id"]])
    await settled(club.hq)
    (row,) = await rows(club.hq)
    assert row.post_id
    for way in (Way.PLAIN, Way.NODE):
        dee = await club.hq.db.write(_as_member, club=club, way=way)
        viewer = Viewer.remote(dee.id, dee.origin_id)
        if way is Way.NODE:
            found = await club.hq.db.read(handed_out, file_id=row.id, viewer=viewer)
            assert found.id == row.id
            continue
        with pytest.raises(NotFound):
            await club.hq.db.read(handed_out, file_id=row.id, viewer=viewer)


def _as_member(tx: Tx, *, club: PlainClub, way: Way) -> ActorView:
    """Dee, as a member of another kind."""
    found = actors.by_uri(tx, club.dee.uri)
    assert found is not None
    known = communities.member(tx, club.id, found.id)
    assert known is not None
    communities.put_member(tx, msgspec.structs.replace(known, way=way))
    return found


async def test_F09_what_lies_on_a_third_server_is_asked_for_without_our_rights(
    club: PlainClub,
) -> None:
    """Else a member could have us copy for the community what that server shows to us alone."""
    home, third = club.mastodon.server, club.gotosocial.server
    for server in (home, third):
        server.pages["/media/1.jpg"] = Page(picture(), type="image/jpeg")
        await write(club, server.url("/media/1.jpg"))
        await settled(club.hq)
    signed = [
        ["signature" in one.headers for one in server.seen if one.path == "/media/1.jpg"]
        for server in (home, third)
    ]
    assert signed == [[True], [False]]
    assert len(await rows(club.hq)) == 2


@pytest.mark.parametrize("content", [b"<svg/>", b"<script>", b""], ids=["svg", "script", "empty"])
async def test_M09_what_is_no_picture_is_not_kept(club: PlainClub, content: bytes) -> None:
    server = club.mastodon.server
    server.pages["/media/1.jpg"] = Page(content, type="image/jpeg")
    note = await write(club, server.url("/media/1.jpg"))
    await settled(club.hq)
    row = await club.heard(note)
    assert row is not None
    assert (await club.ana.get(f"/api/v1/statuses/{row.id}"))["media_attachments"] == []
    assert await rows(club.hq) == []
    assert any("look" in orjson.dumps(one).decode() for one in await club.sent()), "passed on"


async def test_D03_what_is_too_large_is_not_kept(
    club: PlainClub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_FIRST_MS", 1)
    server = club.mastodon.server
    server.pages["/media/1.jpg"] = Page(picture() + b"x" * LARGEST, type="image/jpeg")
    note = await write(club, server.url("/media/1.jpg"))
    await settled(club.hq)
    row = await club.heard(note)
    assert row is not None
    assert await rows(club.hq) == []
    asked = [one for one in server.seen if one.path == "/media/1.jpg"]
    assert len(asked) <= copies.HOST_TRIES


async def test_what_is_held_back_is_not_fetched(club: PlainClub) -> None:
    server = club.mastodon.server
    server.pages["/media/1.jpg"] = Page(picture(), type="image/jpeg")
    note: Any = club.mastodon.note(
        club.dee, f"<p>@club@{club.hq.host} look</p>", "public", club.uri, None, mentions=True
    )
    file = {"type": "Document", "mediaType": "image/jpeg", "url": server.url("/media/1.jpg")}
    note["attachment"] = [file]
    activity = club.mastodon._activity(club.dee, "Create", note)
    await club.mastodon.spread(club.dee, activity, club.uri)
    await settled(club.hq)
    assert not [one for one in server.seen if one.path == "/media/1.jpg"]
