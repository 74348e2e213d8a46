"""The rest of what the walk through a client needs, with toot (Ana) and Mastodon.py (Kim)."""

import json
from pathlib import Path

import pytest
from mastodon import Mastodon

from tests.clients import mastodon_py
from tests.clients.conftest import World
from tests.clients.masto_js import Masto
from tests.clients.serving import seen
from tests.clients.toot_program import Toot, id_of
from tests.support.pictures import picture

pytestmark = pytest.mark.xdist_group("clients")


def test_toot_posts_a_picture_and_a_poll(ana: Toot, kim: Mastodon, tmp_path: Path) -> None:
    photo = tmp_path / "ladder.jpg"
    photo.write_bytes(picture())
    url = ana.post("The ladder.", "--media", str(photo), "--description", "a ladder")
    [file] = kim.status(_number(url)).media_attachments
    assert (file.type, file.description) == ("image", "a ladder")
    url = ana.post("Keep it?", "--poll-option", "Yes", "--poll-option", "No")
    assert [one.title for one in kim.status(_number(url)).poll.options] == ["Yes", "No"]


def test_toot_bookmarks_and_pins(ana: Toot, kim: Mastodon) -> None:
    told = kim.status_post("A table of loads.")
    assert "✓ Status bookmarked" in ana("bookmark", str(told.id))
    assert "A table of loads" in ana("bookmarks", "--once")
    assert "✓ Status unbookmarked" in ana("unbookmark", str(told.id))
    assert "A table of loads" not in ana("bookmarks", "--once")
    own = _number(ana.post("What I do here."))
    assert "✓ Status pinned" in ana("pin", own)
    me = kim.account_lookup("ana")
    assert [str(one.id) for one in kim.account_statuses(me, pinned=True)] == [own]
    assert "✓ Status unpinned" in ana("unpin", own)
    assert kim.account_statuses(me, pinned=True) == []


def test_toot_keeps_a_list(ana: Toot, kim: Mastodon) -> None:
    ana("follow", "kim")
    ana("lists", "create", "Night shift")
    try:
        ana("lists", "add", "Night shift", "kim")
        kim.status_post("Quiet tonight.")
        assert "@kim" in ana.sees("Quiet tonight", "list", "Night shift")
        assert "@kim" in ana("lists", "accounts", "Night shift")
        ana("lists", "remove", "Night shift", "kim")
        assert "Quiet tonight" not in ana.timeline("list", "Night shift")
    finally:
        ana("lists", "delete", "Night shift")
    assert "Night shift" not in ana("lists", "list")


def test_toot_follows_a_tag_and_its_posts_come_home(ana: Toot, kim: Mastodon) -> None:
    assert "You are now following #pulleys" in ana("tags", "follow", "pulleys")
    assert "pulleys" in ana("tags", "followed")
    kim.status_post("Grease the #pulleys.")
    assert "Grease the" in ana.sees("pulleys")
    assert "no longer following #pulleys" in ana("tags", "unfollow", "pulleys")


def test_toot_mutes_and_blocks(ana: Toot, jo: Masto) -> None:
    assert "muted" in ana("mute", "jo")
    told = jo("v1 statuses create", {"status": "Unheard by Ana."})
    assert "Unheard by Ana" not in ana.timeline("home")
    assert "@jo" in ana("muted")
    ana("unmute", "jo")
    assert "@jo" not in ana("muted")
    assert "Unheard by Ana" in ana("status", told["id"])
    ana("block", "jo")
    assert "@jo" in ana("blocked")
    [stands] = jo("v1 accounts relationships fetch", {"id": [jo.account("ana")["id"]]})
    assert stands["following"] is False
    ana("unblock", "jo")
    assert "@jo" not in ana("blocked")


def test_toot_reads_and_writes_in_a_community(ana: Toot, kim: Mastodon, club: str) -> None:
    ana.post("@lifting is the sling tested?", "-v", "private")
    line = seen(
        lambda: next(
            (one for one in kim.timeline_list(f"g{club}") if "sling tested" in one.reblog.content),
            None,
        ),
        "a post in the community",
    )
    assert line.account.acct == "lifting"
    kim.status_reply(line.reblog, "It was, in May.", untag=False)
    shown = ana.sees("in May", "list", "Safe Lifting")
    assert "lifting" in shown


def test_mastodon_py_bookmarks_and_pins(kim: Mastodon, jo: Masto) -> None:
    told = jo("v1 statuses create", {"status": "Where the keys hang."})
    assert kim.status_bookmark(told["id"]).bookmarked
    assert [one.id for one in kim.bookmarks()] == [told["id"]]
    kim.status_unbookmark(told["id"])
    assert kim.bookmarks() == []
    own = kim.status_post("My first line.")
    kim.status_pin(own)
    path = f"v1 accounts ${own.account.id} statuses list"
    assert [one["id"] for one in jo(path, {"pinned": True})] == [str(own.id)]
    kim.status_unpin(own)
    assert jo(path, {"pinned": True}) == []


def test_mastodon_py_keeps_a_list_and_a_filter(kim: Mastodon, jo: Masto) -> None:
    who = kim.account_lookup("jo")
    kim.account_follow(who)
    made = kim.list_create("Crane drivers")
    kim.list_accounts_add(made, [who.id])
    told = jo("v1 statuses create", {"status": "The winch squeaks."})
    assert mastodon_py.sees(kim, "winch", lambda: kim.timeline_list(made)).id == told["id"]
    kim.list_delete(made)
    kept = kim.create_filter_v2(
        "Winches", ["home"], "warn", keywords_attributes=[{"keyword": "winch", "whole_word": True}]
    )
    [match] = mastodon_py.sees(kim, "winch").filtered
    assert match.filter.title == "Winches"
    kim.delete_filter_v2(kept)
    assert mastodon_py.sees(kim, "winch").filtered == []


def test_mastodon_py_searches_and_reads_groups(kim: Mastodon, jo: Masto) -> None:
    assert "jo" in [one.acct for one in kim.search_v2("jo").accounts]
    told = kim.status_post("Anything new?")
    jo(f"v1 statuses ${told.id} favourite")
    mastodon_py.notified(kim, "favourite", "jo", "Anything new")
    groups = kim.grouped_notifications(types=["favourite"]).notification_groups
    assert str(told.id) in [str(one.status_id) for one in groups]


def test_mastodon_py_in_a_community(kim: Mastodon, ana: Toot, club: str) -> None:
    told = kim.status_post("@lifting gloves are in the van.")
    assert told.visibility == "private"
    printed = ana.sees("gloves are in the van", "list", "Safe Lifting")
    assert json.loads(ana("status", id_of(printed), "--json"))["visibility"] == "private"


def test_who_is_not_in_the_community_reads_none_of_it(
    world: World, kim: Mastodon, cy: Mastodon, club: str
) -> None:
    told = kim.status_post("@lifting not for the lab.")
    assert cy.search_v2(told.url, resolve=True, result_type="statuses").statuses == []


def _number(url: str) -> str:
    return url.rpartition("/")[2]
