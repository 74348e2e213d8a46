"""Pictures between nodes: who copies them from whom, and who never gets to see them."""

from hashlib import sha256

import pytest

from federation.discovery import find_actor
from federation.fetcher import CannotFetch
from social import copies
from storage.queries import actors
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.pictures import picture, upload
from tests.together.attachments import came, post_id, rows, shown
from tests.together.shared_club import Club, contacts
from tests.together.stories import become_sisters, befriend, known, settled


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


async def test_a_home_that_was_rendered_before_the_copy_came_shows_it_then(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "GONE_TRIES", copies.TRIES)  # else it is given up within seconds
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
