"""What Bo does with Mastodon.py at the lab, seen by Ana with toot at hq; and streams."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from urllib.request import urlopen

import pytest
from aiohttp import ClientSession, ClientTimeout, WSServerHandshakeError
from mastodon import Mastodon, StreamListener
from mastodon.errors import MastodonAPIError, MastodonNotFoundError, MastodonUnauthorizedError

from tests.clients import mastodon_py
from tests.clients.conftest import World
from tests.clients.serving import seen
from tests.clients.toot_program import Toot, TootError, id_of
from tests.support.pictures import picture

pytestmark = pytest.mark.xdist_group("clients")


def test_post_with_warning_and_language(world: World, ana: Toot, bo: Mastodon) -> None:
    bo.status_post(
        "Der Ofen bleibt bis Montag kalt.",
        spoiler_text="Ofen",
        language="de",
        visibility="public",
        sensitive=True,
    )
    shown = ana.sees("bis Montag kalt")
    assert world.bo_acct in shown
    assert "Visibility: public" in shown
    status = json.loads(ana("status", id_of(shown), "--json"))
    assert (status["spoiler_text"], status["language"]) == ("Ofen", "de")
    assert status["sensitive"] is True


@pytest.mark.parametrize("visibility", ["unlisted", "private"])
def test_post_to_fewer(ana: Toot, bo: Mastodon, cy: Mastodon, visibility: str) -> None:
    status = bo.status_post(f"Said in a low voice, {visibility}.", visibility=visibility)
    shown = ana.sees(f"low voice, {visibility}")
    assert f"Visibility: {visibility}" in shown
    assert f"low voice, {visibility}" not in ana.timeline("public")
    if visibility == "private":
        with pytest.raises(MastodonNotFoundError):
            cy.status(status.id)


def test_post_to_one_person(world: World, ana: Toot, bo: Mastodon, cy: Mastodon) -> None:
    told = bo.status_post(f"{ana.acct} the key is under the mat", visibility="direct")
    shown = ana.notified("under the mat")
    assert f"{world.bo_acct} mentioned you" in shown
    assert "Visibility: direct" in shown
    assert [mention.acct for mention in told.mentions] == [world.ana_at_hq]
    with pytest.raises(MastodonNotFoundError):
        cy.status(told.id)


def test_a_picture_for_those_who_follow(
    ana: Toot, bo: Mastodon, cy: Mastodon, tmp_path: Path
) -> None:
    photo = tmp_path / "oven.jpg"
    photo.write_bytes(picture())
    made = bo.media_post(str(photo), description="the cold oven")
    bo.media_update(made, description="the cold oven, open")
    status = bo.status_post("See this oven.", media_ids=[made], visibility="private")
    assert status.media_attachments[0].description == "the cold oven, open"
    post_id = id_of(ana.sees("See this oven"))

    def copy() -> Any:
        return json.loads(ana("status", post_id, "--json"))["media_attachments"]

    (shown,) = seen(copy, "the picture at the other node")
    assert shown["description"] == "the cold oven, open"
    with urlopen(shown["url"]) as answer:  # with no token: browsers send none
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.read(2) == b"\xff\xd8"
    with pytest.raises(MastodonNotFoundError):
        cy.status(status.id)


def test_the_same_post_sent_twice_is_one(bo: Mastodon) -> None:
    sent = [bo.status_post("Sent twice.", idempotency_key="a-shaky-network") for _ in range(2)]
    assert sent[0].id == sent[1].id


def test_reply(world: World, ana: Toot, bo: Mastodon) -> None:
    url = ana.post("Is the small room free at three?")
    asked = world.found_at_lab(url)
    bo.status_reply(asked, "It is until four.", untag=False)
    assert f"{world.bo_acct} mentioned you" in ana.notified("It is until four.")
    thread = ana("thread", url.rpartition("/")[2])
    assert thread.index("small room free") < thread.index("until four")


def test_a_poll(world: World, ana: Toot, bo: Mastodon) -> None:
    url = ana.post("Which room?", "--poll-option", "Small", "--poll-option", "Large")
    asked = world.found_at_lab(url)
    voted = bo.poll_vote(bo.status(asked).poll, 1)
    assert (voted.voted, voted.own_votes, voted.multiple) == (True, [1], False)
    with pytest.raises(MastodonAPIError, match="already voted"):
        bo.poll_vote(voted, 0)

    def stands() -> list[int]:
        shown = json.loads(ana("status", url.rpartition("/")[2], "--json"))["poll"]
        return [option["votes_count"] for option in shown["options"]]

    seen(lambda: stands() == [0, 1], "a vote at the other node")
    own = bo.status_post("And when?", poll=bo.make_poll(["Now", "Later"], 3600, multiple=True))
    assert [option.title for option in own.poll.options] == ["Now", "Later"]
    assert "Later" in ana("status", id_of(ana.sees("And when?")))


def test_share_and_take_back(world: World, ana: Toot, bo: Mastodon) -> None:
    url = ana.post("The first-aid box is full again.")
    there = world.found_at_lab(url)
    share = bo.status_reblog(there)
    assert share.reblog.id == there.id
    assert share.id != there.id
    assert f"{world.bo_acct} boosted your status" in ana.notified("first-aid box is full")
    own = url.rpartition("/")[2]
    assert world.bo_acct.removeprefix("@") in ana("reblogged-by", own)
    assert bo.status_unreblog(there).reblogged is False
    seen(lambda: "not reblogged" in ana("reblogged-by", own), "a share that is taken back")


def test_like_and_take_back(world: World, ana: Toot, bo: Mastodon) -> None:
    url = ana.post("The printer has paper.")
    there = world.found_at_lab(url)
    assert bo.status_favourite(there).favourited is True
    own = url.rpartition("/")[2]
    seen(lambda: _count(ana, own) == 1, "a like that is counted")
    assert bo.status_unfavourite(there).favourited is False
    seen(lambda: _count(ana, own) == 0, "a like that is taken back")


def test_edit(ana: Toot, bo: Mastodon) -> None:
    told = bo.status_post("Lunch is at twelve.", language="en")
    before = id_of(ana.sees("at twelve"))
    edited = bo.status_update(told, "Lunch is at one.", spoiler_text="Changed")
    assert bo.status_source(edited).text == "Lunch is at one."
    assert id_of(ana.sees("Lunch is at one")) == before
    assert json.loads(ana("status", before, "--json"))["spoiler_text"] == "Changed"
    assert "at twelve" not in ana.timeline("home")


def test_delete(ana: Toot, bo: Mastodon) -> None:
    told = bo.status_post("This goes away again.")
    there = id_of(ana.sees("goes away again"))
    assert bo.status_delete(told).text == "This goes away again."
    seen(lambda: "goes away again" not in ana.timeline("home"), "a post that is gone")
    with pytest.raises(TootError, match="not found"):
        ana("status", there)


def test_what_is_not_ones_own_stays(world: World, ana: Toot, bo: Mastodon) -> None:
    there = world.found_at_lab(ana.post("Not yours to change."))
    with pytest.raises(MastodonAPIError):
        bo.status_update(there, "Mine now.")
    with pytest.raises(MastodonAPIError):
        bo.status_delete(there)
    assert "Not yours to change." in bo.status(there).content


def test_follow_found_by_handle_and_unfollow(world: World, ana: Toot, cy: Mastodon) -> None:
    who = mastodon_py.find(cy, ana.acct)
    assert who.acct == world.ana_at_hq
    assert cy.account_follow(who).requested
    seen(lambda: world.cy_acct in ana("follow-requests", "list"), "Cy asking to follow Ana")
    ana("follow-requests", "accept", world.cy_acct)
    seen(lambda: cy.account_relationships(who)[0].following, "Cy following Ana")
    assert world.cy_acct in ana("followers")
    ana.post("To old and new followers.")
    mastodon_py.sees(cy, "old and new followers")
    cy.account_unfollow(who)
    seen(lambda: world.cy_acct not in ana("followers"), "Cy gone from Ana's followers")


def test_accept_who_asks(world: World, ana: Toot, cy: Mastodon) -> None:
    cy.account_update_credentials(locked=True)
    try:
        ana("follow", world.cy_acct)
        (asking,) = seen(cy.follow_requests, "a request to follow Cy")
        assert asking.acct == world.ana_at_hq
        assert mastodon_py.notified(cy, "follow_request", world.ana_at_hq)
        assert world.cy_acct not in ana("following")
        cy.follow_request_authorize(asking)
        assert cy.follow_requests() == []
        seen(lambda: world.cy_acct in ana("following"), "Cy among those whom Ana follows")
        ana("unfollow", world.cy_acct)
        seen(lambda: not cy.account_followers(cy.me()), "Ana no longer following")
    finally:
        cy.account_update_credentials(locked=False)


def test_read_every_timeline(world: World, ana: Toot, bo: Mastodon) -> None:
    ours = bo.status_post("Notes of the lab.")
    ana.post("Notes of the headquarters.")
    theirs = mastodon_py.sees(bo, "the headquarters")
    assert _has(bo.timeline_public(), "the headquarters")
    assert _has(bo.timeline_local(), "Notes of the lab")
    assert not _has(bo.timeline_local(), "the headquarters")
    assert _has(bo.account_statuses(theirs.account), "the headquarters")
    assert not _has(bo.account_statuses(theirs.account), "Notes of the lab")
    reply = bo.status_reply(theirs, "Noted.")
    context = bo.status_context(reply)
    assert [status.id for status in context.ancestors] == [theirs.id]
    assert bo.status(ours).url == f"{world.lab.url}/@bo/{ours.id}"


def test_turn_the_pages(bo: Mastodon) -> None:
    sent = [bo.status_post(f"Page {number}.").id for number in range(5)]
    first = bo.account_statuses(bo.me(), limit=2)
    second = bo.fetch_next(first)
    third = bo.fetch_next(second)
    assert _ids(first, second, third)[:5] == sent[::-1]
    assert _ids(bo.fetch_previous(second)) == sent[:2:-1]


class Kept(StreamListener):
    """Keeps every event of a stream."""

    def __init__(self) -> None:
        self.events: Queue[tuple[str, Any]] = Queue()

    def on_any_event(self, name: str, data: Any = None, for_stream: str | None = None) -> None:
        self.events.put((name, data))

    def until(self, wanted: str) -> Any:
        """The next event of this name; others are passed over."""
        while True:
            name, data = self.events.get(timeout=40)
            if name == wanted:
                return data


@contextmanager
def streaming(client: Mastodon) -> Iterator[Kept]:
    """The user's stream over server-sent events, as Mastodon.py opens it."""
    kept = Kept()
    handle = client.stream_user(kept, run_async=True, timeout=40)
    try:
        seen(handle.is_receiving, "a stream that is open")
        yield kept
    finally:
        # Closing waits for the reader, which waits for the next byte: that may be 15 s away.
        Thread(target=handle.close, daemon=True).start()


def test_stream(world: World, ana: Toot, bo: Mastodon) -> None:
    assert bo.stream_healthy()
    with streaming(bo) as kept:
        url = ana.post(f"{world.bo_acct} this arrives by itself")
        status = kept.until("update")
        assert "arrives by itself" in status.content
        assert status.account.acct == world.ana_at_hq
        ana("delete", url.rpartition("/")[2])
        assert str(kept.until("delete")) == str(status.id)
        bo.status_post("My own post comes by too.")
        assert "comes by too" in kept.until("update").content


def test_stream_tells_of_notifications_and_edits(world: World, ana: Toot, bo: Mastodon) -> None:
    told = bo.status_post("Something to like.")
    there = id_of(ana.sees("Something to like"))
    with streaming(bo) as kept:
        ana("favourite", there)
        notice = kept.until("notification")
        assert (notice.type, notice.status.id) == ("favourite", told.id)
        bo.status_update(told, "Something better to like.")
        assert "something better" in kept.until("status.update").content.lower()


def test_who_listens_and_never_reads_hears_it_all(world: World) -> None:
    world.lab.person("dee")
    dee = mastodon_py.log_in(world.lab, "dee")
    with streaming(dee) as kept:
        dee.status_post("To myself.")
        assert "To myself." in kept.until("update").content


async def test_stream_over_a_websocket(world: World, ana: Toot, bo: Mastodon) -> None:
    """As browsers do: the token is the subprotocol, and comes back as the chosen one."""
    address = f"{world.lab.url}/api/v1/streaming"
    async with (
        ClientSession(timeout=ClientTimeout(60)) as session,
        session.ws_connect(address, protocols=[str(bo.access_token)]) as socket,
    ):
        assert socket.protocol == bo.access_token
        await socket.send_json({"type": "subscribe", "stream": "user"})
        await socket.send_str("?")
        assert "error" in await socket.receive_json(timeout=30)  # in order: it is subscribed
        ana.post("Straight into the socket.")
        frame = await socket.receive_json(timeout=40)
        assert (frame["stream"], frame["event"]) == (["user"], "update")
        assert "into the socket" in json.loads(frame["payload"])["content"]


async def test_no_stream_without_a_valid_token(world: World) -> None:
    with pytest.raises(MastodonUnauthorizedError):
        Mastodon(access_token="nobodys", api_base_url=world.lab.url).me()
    async with ClientSession() as session:
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect(
                f"{world.lab.url}/api/v1/streaming?stream=user", protocols=["nobodys-token"]
            )
    assert refused.value.status == 401


def _count(ana: Toot, post_id: str) -> int:
    count: int = json.loads(ana("status", post_id, "--json"))["favourites_count"]
    return count


def _ids(*pages: Any) -> list[Any]:
    return [status.id for page in pages for status in page]


def _has(page: list[Any], words: str) -> bool:
    return any(words in mastodon_py.shown(status) for status in page)
