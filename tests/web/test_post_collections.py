"""Outbox, answers, threads and figures: each server gets what its signer may read, by key."""

from collections import Counter
from typing import Any

import pytest

from domain.audience import ANONYMOUS, Audience, Viewer
from domain.errors import NotFound
from domain.kinds import FollowState, KeyType
from social import completing
from storage.queries.figures import recount_author
from storage.queries.ids import new_id
from storage.queries.keys import insert_own_key
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.conversations import MOST
from tests.support.clubs import LAB, OPEN, Club
from tests.support.factories import (
    add_block,
    add_follow,
    add_like,
    add_post,
    add_remote,
    add_reply,
    add_share,
    add_sister,
)
from tests.support.stranger import rsa
from web.actors import threads
from web.actors.followers import shown_followers
from web.actors.outbox import PAGE_SIZE, shown_beginning, shown_outbox
from web.actors.signing import viewer_for

pytestmark = pytest.mark.both
PUBLIC = Audience.public()


@pytest.fixture
def club(tx: Tx) -> Club:
    made = Club(tx)
    for person in (made.ana, made.bo):
        insert_own_key(
            tx,
            actor_id=person,
            uri=f"{made.view(person).uri}#main-key",
            key_type=KeyType.RSA,
            public=rsa().public.pem(),
            sealed=b"",
        )
    return made


def place(club: Club, author: int) -> dict[str, Any]:
    """Where what somebody writes lies: at the author's server."""
    who, number = club.view(author), new_id(club.tx)
    if who.is_local:
        return {"id": number}
    origin = who.uri.partition("/a/")[0]
    return {"id": number, "origin_id": who.origin_id, "uri": f"{origin}/o/{number}"}


def say(club: Club, author: int, audience: Audience = PUBLIC, **more: Any) -> int:
    made = add_post(club.tx, author, audience, **place(club, author), **more)
    recount_author(club.tx, author)
    return made


def reply(club: Club, author: int, parent: int, **more: Any) -> int:
    return add_reply(club.tx, author, parent, **place(club, author), **more)


def viewer(club: Club, actor: int) -> Viewer:
    return viewer_for(club.view(actor))


def listed(page: dict[str, Any]) -> list[str]:
    found = page.get("first", page)
    return list(found["orderedItems"])


def uris(club: Club, *post_ids: int) -> list[str]:
    return [club.row(post_id).uri for post_id in post_ids]


def answers(club: Club, post_id: int, asker: Viewer = ANONYMOUS, **how: Any) -> list[str]:
    page = threads.shown_answers(club.tx, node=OPEN, about=post_id, viewer=asker, **how)
    return listed(page)


def thread(club: Club, root: int, asker: Viewer = ANONYMOUS, **how: Any) -> list[str]:
    return listed(threads.shown_thread(club.tx, node=OPEN, about=root, viewer=asker, **how))


def refused(club: Club, show: Any, about: int, asker: Viewer) -> bool:
    try:
        show(club.tx, node=OPEN, about=about, viewer=asker)
    except NotFound:
        return True
    return False


# The outbox.


def outbox(club: Club, actor: int, signer: ActorView | None, **how: Any) -> list[str]:
    page = shown_outbox(club.tx, node=OPEN, actor_id=actor, signer=signer, max_id=how.get("max_id"))
    items = page["orderedItems"]
    assert isinstance(items, list)
    return [one["object"] if one["type"] == "Announce" else one["object"]["id"] for one in items]


@pytest.mark.interop("outbox", "out", "what the signer may read, paged", peer="a stranger")
def test_P02_the_outbox_shows_what_its_signer_may_read(club: Club) -> None:
    tx, ana = club.tx, club.ana
    add_sister(tx, club.lab)
    add_follow(tx, club.kim, ana)
    public, quiet = say(club, ana), say(club, ana, quiet=True)
    private = say(club, ana, Audience.followers(ana))
    inside = club.said(ana)
    at_work, here = say(club, ana, Audience.network(1)), say(club, ana, Audience.node(1))
    shared = add_share(tx, ana, say(club, club.bo))
    everybodys = uris(club, club.row(shared).share_of_id or 0, quiet, public)
    assert outbox(club, ana, None) == everybodys
    assert outbox(club, ana, club.view(club.dee)) == everybodys
    assert set(outbox(club, ana, club.view(club.kim))) == {
        *everybodys,
        *uris(club, private, at_work),
    }
    assert set(outbox(club, ana, club.view(club.zed))) == {*everybodys, *uris(club, at_work)}
    seen = outbox(club, ana, club.view(club.kim))
    assert not set(uris(club, inside, here)) & set(seen), "a community lists its own"


def test_P02_only_what_anybody_may_read_is_counted(club: Club) -> None:
    say(club, club.ana)
    say(club, club.ana, Audience.followers(club.ana))
    shown = shown_beginning(club.tx, node=OPEN, actor_id=club.ana, signer=None)
    assert shown["totalItems"] == 1
    assert str(shown["first"]).endswith("/outbox?page=true")


def test_the_outbox_is_read_page_by_page(club: Club) -> None:
    made = [say(club, club.ana) for _ in range(PAGE_SIZE + 3)]
    first = shown_outbox(club.tx, node=OPEN, actor_id=club.ana, signer=None, max_id=None)
    mark = int(str(first["next"]).rpartition("=")[2])
    second = shown_outbox(club.tx, node=OPEN, actor_id=club.ana, signer=None, max_id=mark)
    assert "next" not in second
    everything = outbox(club, club.ana, None) + outbox(club, club.ana, None, max_id=mark)
    assert everything == uris(club, *reversed(made))


def test_a_page_takes_as_many_statements_for_twenty_posts_as_for_one(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: Counter[str] = Counter()
    ask = Tx.all

    def counting(self: Tx, *args: Any, **params: Any) -> Any:
        counted["all"] += 1
        return ask(self, *args, **params)

    def cost() -> int:
        counted.clear()
        outbox(club, club.ana, club.view(club.kim))
        return counted["all"]

    monkeypatch.setattr(Tx, "all", counting)
    add_follow(club.tx, club.kim, club.ana)
    above = say(club, add_remote(club.tx, "far", LAB))

    def write() -> None:
        reply(club, club.ana, above)
        say(club, club.ana, Audience.followers(club.ana))

    write()
    one = cost()
    for _ in range(PAGE_SIZE // 2):
        write()
    assert cost() == one


def test_a_threads_page_takes_as_many_statements_for_fifty_posts_as_for_one(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: Counter[str] = Counter()
    ask = Tx.all

    def counting(self: Tx, *args: Any, **params: Any) -> Any:
        counted["all"] += 1
        return ask(self, *args, **params)

    def cost() -> int:
        counted.clear()
        thread(club, root)
        answers(club, root)
        completing.gaps(club.tx, root)
        return counted["all"]

    monkeypatch.setattr(Tx, "all", counting)
    root = say(club, club.ana)
    reply(club, club.bo, root)
    one = cost()
    for _ in range(50):
        reply(club, club.bo, root)
    assert cost() == one


# Answers to a post.


@pytest.mark.interop("replies", "out", "what the signer may read, paged", peer="a stranger")
def test_P02_answers_are_those_that_the_asker_may_read(club: Club) -> None:
    tx = club.tx
    root = say(club, club.ana)
    public = add_reply(tx, club.bo, root)
    elsewhere = add_reply(tx, club.zed, root)
    below = add_reply(tx, club.ana, public)
    letter = add_reply(tx, club.bo, root, audience=Audience.direct(), named=(club.kim,))
    kept = add_reply(tx, club.bo, root, audience=Audience.node(1))
    hidden = add_reply(tx, club.zed, root, audience=Audience.followers(club.zed))
    assert answers(club, root) == uris(club, public, elsewhere)
    assert answers(club, root, viewer(club, club.dee)) == uris(club, public, elsewhere)
    assert answers(club, root, viewer(club, club.kim)) == uris(club, public, elsewhere, letter)
    shown = answers(club, root, viewer(club, club.kim))
    assert not set(uris(club, below, kept, hidden)) & set(shown)


def test_P02_answers_to_what_the_asker_may_not_read_are_not_there(club: Club) -> None:
    add_follow(club.tx, club.kim, club.ana)
    secret = say(club, club.ana, Audience.followers(club.ana))
    said = reply(club, club.ana, secret)
    remote, inside = say(club, club.zed), club.said(club.ana)
    shows = (
        threads.shown_answers,
        threads.shown_thread,
        threads.shown_likes,
        threads.shown_shares,
    )
    for show in shows:
        for asker in (ANONYMOUS, viewer(club, club.dee)):
            assert refused(club, show, secret, asker)
        assert not refused(club, show, secret, viewer(club, club.kim))
        assert refused(club, show, remote, ANONYMOUS), "its own server has these"
        assert refused(club, show, 4711, ANONYMOUS)
    assert answers(club, secret, viewer(club, club.kim)) == uris(club, said)
    assert refused(club, threads.shown_answers, inside, viewer(club, club.cy))


def test_P11_who_blocks_is_not_listed(club: Club) -> None:
    root = say(club, club.ana)
    one, other = add_reply(club.tx, club.bo, root), reply(club, club.ana, root)
    add_block(club.tx, club.bo, club.kim)
    assert answers(club, root, viewer(club, club.kim)) == uris(club, other)
    assert answers(club, root, viewer(club, club.cy)) == uris(club, one, other)
    assert thread(club, root, viewer(club, club.kim)) == uris(club, root, other)


@pytest.mark.interop("likes", "out", "how many, and never who", peer="a stranger")
@pytest.mark.interop("shares", "out", "how many, and never who", peer="a stranger")
def test_P02_figures_are_told_and_names_are_not(club: Club) -> None:
    root = say(club, club.ana, likes_count=2, shares_count=1)
    add_like(club.tx, club.bo, root)
    for show, total in ((threads.shown_likes, 2), (threads.shown_shares, 1)):
        shown = show(club.tx, node=OPEN, about=root, viewer=ANONYMOUS)
        assert (shown["totalItems"], shown["orderedItems"]) == (total, [])


# Threads.


@pytest.mark.interop("context", "out", "the thread as the signer may read it", peer="a stranger")
def test_P02_a_thread_lists_what_the_asker_may_read(club: Club) -> None:
    tx = club.tx
    root = say(club, club.ana)
    first, far = add_reply(tx, club.bo, root), reply(club, club.zed, root)
    deep = add_reply(tx, club.ana, far)
    letter = add_reply(tx, club.ana, root, audience=Audience.direct(), named=(club.kim,))
    assert thread(club, root) == uris(club, root, first, far, deep)
    assert thread(club, root, viewer(club, club.kim)) == uris(club, root, first, far, deep, letter)
    shown = threads.shown_thread(tx, node=OPEN, about=root, viewer=ANONYMOUS)
    assert shown["attributedTo"] == club.view(club.ana).uri
    assert "totalItems" not in shown
    assert refused(club, threads.shown_thread, first, ANONYMOUS), "it begins no thread"


def test_P02_a_communitys_thread_is_for_its_members_nodes(club: Club) -> None:
    root = club.said(club.cy)
    said = club.said(club.ana, root=root, root_author=club.cy, reply_to_id=root)
    members = viewer(club, club.kim)
    assert thread(club, root, members) == uris(club, root, said)
    shown = threads.shown_thread(club.tx, node=OPEN, about=root, viewer=members)
    assert (shown["attributedTo"], shown["audience"]) == (club.uri, club.uri)
    for nobody in (club.dee, club.lee, club.zed):
        assert refused(club, threads.shown_thread, root, viewer(club, nobody))
    assert refused(club, threads.shown_thread, root, ANONYMOUS)


def test_D09_a_wide_thread_is_paged_by_key(club: Club) -> None:
    root = say(club, club.ana)
    made = [root, *(reply(club, club.bo, root) for _ in range(MOST + 5))]
    first = threads.shown_thread(club.tx, node=OPEN, about=root, viewer=ANONYMOUS)
    page = first["first"]
    assert isinstance(page, dict)
    assert len(page["orderedItems"]) == MOST
    above = int(page["next"].rpartition("=")[2])
    rest = threads.shown_thread(club.tx, node=OPEN, about=root, viewer=ANONYMOUS, above=above)
    assert rest["id"] == page["next"]
    assert "next" not in rest
    assert [*page["orderedItems"], *listed(rest)] == uris(club, *made)


# Followers of a person, for their own server (FEP-8fcf).


def followers(club: Club, actor: int, signer: ActorView | None) -> object:
    return shown_followers(club.tx, node=OPEN, actor_id=actor, signer=signer)["orderedItems"]


@pytest.mark.interop(
    "Collection-Synchronization", "out", "each server gets its own part", peer="a stranger"
)
@pytest.mark.interop("followers_sync", "out", "each server gets its own part", peer="a stranger")
def test_8fcf_P02_a_server_is_told_of_its_own_people_alone(club: Club) -> None:
    tx, ana = club.tx, club.ana
    say(club, ana)
    for one in (club.kim, club.dee, club.bo):
        add_follow(tx, one, ana)
    add_follow(tx, club.zed, ana, state=FollowState.PENDING)
    assert followers(club, ana, club.view(club.cy)) == [club.view(club.kim).uri]
    assert followers(club, ana, club.view(club.dee)) == [club.view(club.dee).uri]
    for nobody in (club.id + 1, club.dee):
        with pytest.raises(NotFound):
            followers(club, nobody, club.view(club.cy))
    with pytest.raises(NotFound):
        followers(club, ana, None)
    with pytest.raises(NotFound):
        followers(club, club.bo, club.view(club.cy))
