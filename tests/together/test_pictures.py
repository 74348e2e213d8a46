"""Pictures between nodes: who copies them from whom, and who never gets to see them."""

from hashlib import sha256
from typing import Any

import msgspec
import orjson
import pytest
from sqlalchemy import Select, select

from domain.audience import Viewer
from domain.errors import NotFound
from domain.kinds import Way
from domain.pictures import LARGEST
from federation.discovery import find_actor
from federation.fetcher import CannotFetch
from social import copies
from storage.queries import actors, communities, posts
from storage.queries.files import FileRow
from storage.tables.files import files
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.pictures import SECRET, picture, upload
from tests.support.stranger import Document, Page
from tests.together.plain_club import PlainClub
from tests.together.shared_club import Club, contacts
from tests.together.stories import become_sisters, befriend, known, settled
from web.media import handed_out

_ALL: Select[*tuple[Any, ...]] = select(*files.c).order_by(files.c.id)


async def post_id(node: RunningNode, uri: str) -> int | None:
    row = await node.db.read(posts.by_uri, uri)
    return None if row is None else row.id


async def shown(person: Person, uri: str) -> list[Json]:
    """The pictures that somebody's app shows beside a post."""
    found = await post_id(person.node, uri)
    answer = await person.ask("GET", f"/api/v1/statuses/{found}")
    pictures: list[Json] = answer.json["media_attachments"] if answer.status == 200 else []
    return pictures


async def came(person: Person, uri: str) -> Json:
    """Wait until somebody's app shows the picture of a post; the MediaAttachment."""
    found: list[Json] = []

    async def there() -> bool:
        found[:] = await shown(person, uri)
        return bool(found)

    await until(there)
    return found[0]


async def rows(node: RunningNode) -> list[FileRow]:
    return await node.db.read(lambda tx: [FileRow(*row) for row in tx.all(_ALL)])


async def status_of(node: RunningNode, media: Json) -> int:
    return (await node.ask("GET", media["url"])).status


async def bytes_of(node: RunningNode, media: Json) -> bytes:
    answer = await node.ask("GET", media["url"])
    assert answer.status == 200
    return answer.body


async def fetched(node: RunningNode, url: str, as_actor_id: int | None) -> bool:
    """Whether a node gets a file of another node, signing as one of its actors."""
    try:
        await node.parts.fetcher.content(url, as_actor_id=as_actor_id, cap=1 << 20)
    except CannotFetch as problem:
        if problem.gone:
            return False
        raise
    return True


async def say(club: Club, person: Person, text: str = "look", **fields: str) -> Json:
    """A post with a picture in the community."""
    made = await upload(person, picture(), **fields)
    name = "@club" if person.node is club.hq else f"@club@{club.hq.host}"
    return await person.say(f"{name} {text}", visibility="private", media_ids=[made["id"]])


@pytest.mark.interop(
    "Announce{Create} with pictures",
    "out",
    "the community copies them; members' nodes take its copy by the proven hash",
    peer="our nodes",
)
@pytest.mark.both
async def test_what_is_handed_in_is_copied_by_the_community(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    status = await say(club, club.cy, description="a red field")
    seen = await came(club.ana, status["uri"])
    assert seen["description"] == "a red field"
    (original,), (copy,) = await rows(club.lab), await rows(club.hq)
    assert original.digest == copy.digest
    assert copy.source == club.lab.node.file(original.id)
    assert sha256(await bytes_of(club.hq, seen)).hexdigest() == original.digest
    await club.accepted(status["uri"])
    (announce,) = await club.sent(club.hq, "Announce")
    assert announce["tertulia:copies"] == [
        {
            "url": club.lab.node.file(original.id),
            "tertulia:copy": club.hq.node.file(copy.id),
            "tertulia:sha256": copy.digest,
        }
    ]
    for node, file in ((club.lab, original), (club.hq, copy)):
        assert (await node.ask("GET", f"/files/{file.id}")).status == 404, "nobody signed"


@pytest.mark.both
async def test_three_nodes_hold_the_same_bytes_and_two_of_them_never_meet(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    far = await nodes.start("far")
    fay = await known(far, "fay")
    await club.joins(far, fay)
    status = await say(club, club.cy)
    found = [await came(club.ana, status["uri"]), await came(fay, status["uri"])]
    await settled(club.hq, club.lab, far)
    (original,), (copy,), (second,) = await rows(club.lab), await rows(club.hq), await rows(far)
    assert original.digest == copy.digest == second.digest
    for node, media in zip((club.hq, far), found, strict=True):
        assert sha256(await bytes_of(node, media)).hexdigest() == original.digest
    for node, other in ((club.lab, far), (far, club.lab)):
        assert other.origin not in await contacts(node)
    post = await post_id(far, status["uri"])
    text = (await fay.get(f"/api/v1/statuses/{post}"))["content"]
    assert club.lab.origin + "/files" not in text, "no link leads fay's browser to lab"


@pytest.mark.both
async def test_what_the_host_says_reaches_a_members_node(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    status = await say(club, club.ana)
    seen = await came(club.cy, status["uri"])
    (original,), (copy,) = await rows(club.hq), await rows(club.lab)
    assert sha256(await bytes_of(club.lab, seen)).hexdigest() == original.digest == copy.digest


async def test_a_home_that_was_rendered_before_the_copy_came_shows_it_then(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    await club.cy.home()
    blobs = club.hq.parts.archive.blobs
    made = await upload(club.ana, picture())
    (original,) = await rows(club.hq)
    content = blobs.read(original.digest)
    assert content is not None
    assert blobs.drop(original.digest, young=0), "it cannot be had for a while"
    await club.ana.say("@club look", visibility="private", media_ids=[made["id"]])
    early = await club.cy.sees("look")
    assert early["reblog"]["media_attachments"] == []
    blobs.put(content)

    async def shows_it() -> bool:
        (line,) = [one for one in await club.cy.home() if one["reblog"]]
        found = line["reblog"]["media_attachments"]
        return bool(found) and await status_of(club.lab, found[0]) == 200

    await until(shows_it)


@pytest.mark.both
async def test_M03_servers_get_what_one_of_theirs_may_read(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    di = await known(club.lab, "di")
    await find_actor(club.hq.parts.fetcher, di.uri)
    status = await say(club, club.ana)
    await came(club.cy, status["uri"])
    (original,) = await rows(club.hq)
    url = club.hq.node.file(original.id)
    assert await fetched(club.lab, url, club.cy.id)
    for who in (di.id, None):
        assert not await fetched(club.lab, url, who), "no member, and the node itself"
    assert (await club.hq.ask("GET", f"/files/{original.id}")).status == 404
    cy = await club.hq.db.read(actors.by_uri, club.cy.uri)
    assert cy is not None
    await club.hq.db.write(club.removed, cy.id)
    assert not await fetched(club.lab, url, club.cy.id), "her right has ended"


async def test_M03_what_was_handed_in_is_the_communitys_and_not_its_members(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    status = await say(club, club.cy)
    await came(club.ana, status["uri"])
    (original,) = await rows(club.lab)
    url = club.lab.node.file(original.id)
    assert await fetched(club.hq, url, club.id)
    assert not await fetched(club.hq, url, club.ana.id)
    loose = await upload(club.cy)
    assert not await fetched(club.hq, club.lab.node.file(int(loose["id"])), club.id)


@pytest.mark.both
async def test_M03_a_copy_dies_with_the_right_of_who_looks(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    status = await say(club, club.ana)
    seen = await came(club.cy, status["uri"])
    assert await status_of(club.lab, seen) == 200
    di = await known(club.lab, "di")
    (copy,) = await rows(club.lab)
    assert await status_of(club.lab, {"url": club.lab.node.media(copy.id, di.id)}) == 404
    await club.ana.delete(f"/api/v1/statuses/{status['id']}")
    await settled(club.hq, club.lab)
    assert await status_of(club.lab, seen) == 404


async def test_other_bytes_than_the_author_proved_are_not_shown(nodes: Nodes) -> None:
    """The community's node cannot put another picture under somebody's words."""
    club = await Club.made(nodes)
    made = await upload(club.ana, picture())
    (original,) = await rows(club.hq)
    blob = club.hq.parts.settings.folder / "files" / original.digest[:2] / original.digest
    blob.write_bytes(picture(color=(0, 0, 255)))
    status = await club.ana.say("@club look", visibility="private", media_ids=[made["id"]])
    await settled(club.hq, club.lab)
    assert await post_id(club.lab, status["uri"]) is not None, "the words came"
    assert await shown(club.cy, status["uri"]) == []
    assert await rows(club.lab) == []


async def test_without_its_picture_a_post_is_announced_all_the_same(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_FIRST_MS", 1)
    club = await Club.made(nodes)
    made = await upload(club.cy, picture())
    (original,) = await rows(club.lab)
    assert club.lab.parts.archive.blobs.drop(original.digest, young=0)
    text = f"@club@{club.hq.host} look"
    status = await club.cy.say(text, visibility="private", media_ids=[made["id"]])
    await club.accepted(status["uri"])
    assert await shown(club.ana, status["uri"]) == []
    (announce,) = await club.sent(club.hq, "Announce")
    assert "tertulia:copies" not in announce


@pytest.mark.both
async def test_an_edit_brings_other_pictures(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    status = await say(club, club.cy)
    first = await came(club.ana, status["uri"])
    second = await upload(club.cy, picture(color=(0, 0, 255)))
    await club.accepted(status["uri"])
    await club.cy.put(
        f"/api/v1/statuses/{status['id']}",
        status=f"@club@{club.hq.host} look",
        media_ids=[second["id"]],
    )

    async def changed() -> bool:
        now = await shown(club.ana, status["uri"])
        return bool(now) and now[0]["id"] != first["id"]

    await until(changed)
    assert await status_of(club.hq, first) == 404
    await club.cy.put(
        f"/api/v1/statuses/{status['id']}",
        status=f"@club@{club.hq.host} look",
        media_ids=[second["id"]],
        media_attributes=[{"id": second["id"], "description": "a blue field"}],
    )

    async def described() -> bool:
        now = await shown(club.ana, status["uri"])
        return bool(now) and now[0]["description"] == "a blue field"

    await until(described)


async def test_who_joins_late_gets_the_pictures_too(nodes: Nodes) -> None:
    from social.backfill import backfill

    club = await Club.made(nodes)
    status = await say(club, club.cy)
    await came(club.ana, status["uri"])
    await settled(club.hq, club.lab)
    far = await nodes.start("far")
    fay = await known(far, "fay")
    there = await club.joins(far, fay)
    await backfill(far.parts.fetcher, community_id=there, actor_id=fay.id, pause=0)
    await came(fay, status["uri"])


async def test_sisters_show_the_networks_pictures_from_copies(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq", public_means="network"), await nodes.start("lab")
    ana, cy = await known(hq, "ana"), await known(lab, "cy")
    await become_sisters(hq, lab)
    made = await upload(ana)
    status = await ana.say("for all of us", media_ids=[made["id"]])
    await settled(hq, lab)
    seen = await came(cy, status["uri"])
    assert await status_of(lab, seen) == 200
    (original,) = await rows(hq)
    assert (await hq.ask("GET", f"/files/{original.id}")).status == 404
    assert await fetched(lab, hq.node.file(original.id), None), "a sister's node may read it"


async def test_followers_elsewhere_see_pictures_from_copies(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, cy, di = await known(hq, "ana"), await known(lab, "cy"), await known(lab, "di")
    await befriend(cy, ana)
    made = await upload(ana)
    status = await ana.say("for those who follow", visibility="private", media_ids=[made["id"]])
    await settled(hq, lab)
    await came(cy, status["uri"])
    assert await shown(di, status["uri"]) == []
    (original,) = await rows(hq)
    assert not await fetched(lab, hq.node.file(original.id), di.id)


async def test_what_is_public_to_the_world_is_for_anybody(nodes: Nodes) -> None:
    hq = await nodes.start("hq", public_means="public")
    ana = await known(hq, "ana")
    made = await upload(ana)
    status = await ana.say("for anybody", media_ids=[made["id"]])
    (original,) = await rows(hq)
    answer = await hq.ask("GET", f"/files/{original.id}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    headers = {"Accept": "application/activity+json"}
    note = (await hq.ask("GET", status["uri"], headers=headers)).json
    assert note["attachment"][0]["url"] == hq.node.file(original.id)
    assert note["attachment"][0]["tertulia:sha256"] == original.digest


# Members on plain servers.


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
