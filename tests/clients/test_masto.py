"""What Jo does with masto (npm) is seen by Kim with Mastodon.py, and the other way round."""

from pathlib import Path
from typing import Any

import pytest
from mastodon import Mastodon

from tests.clients import mastodon_py
from tests.clients.conftest import World
from tests.clients.masto_js import Masto, MastoError, shown
from tests.clients.serving import seen
from tests.support.pictures import picture

pytestmark = pytest.mark.xdist_group("clients")


def test_masto_is_who_signed_in(world: World, jo: Masto) -> None:
    me = jo("v1 accounts verifyCredentials")
    assert (me["acct"], me["url"]) == ("jo", f"{world.hq.url}/@jo")
    with pytest.raises(MastoError, match="not found") as refused:
        jo("v1 statuses $1 fetch")
    assert refused.value.status == 404


def test_a_picture_and_a_poll(jo: Masto, kim: Mastodon, tmp_path: Path) -> None:
    photo = tmp_path / "crane.jpg"
    photo.write_bytes(picture())
    made = jo("v2 media create", {"file": {"$file": str(photo)}, "description": "a crane"})
    status = jo("v1 statuses create", {"status": "Look up.", "mediaIds": [made["id"]]})
    assert kim.status(status["id"]).media_attachments[0].description == "a crane"
    poll = {"options": ["Left", "Right"], "expiresIn": 3600}
    asked = jo("v1 statuses create", {"status": "Which side?", "poll": poll})
    kim.poll_vote(kim.status(asked["id"]).poll, 1)
    counted = jo(f"v1 polls ${asked['poll']['id']} fetch")
    assert [option["votesCount"] for option in counted["options"]] == [0, 1]


def test_a_conversation_with_edits_shares_and_likes(jo: Masto, kim: Mastodon) -> None:
    told = kim.status_post("The hoist is back.")
    reply = {"status": "@kim is it the old one?", "inReplyToId": str(told.id)}
    answer = jo("v1 statuses create", reply)
    assert [one.id for one in kim.status_context(told).descendants] == [answer["id"]]
    edited = {"status": "@kim is it the new one?"}
    assert jo(f"v1 statuses ${answer['id']} update", edited)["editedAt"]
    assert "the new one" in kim.status(answer["id"]).content
    assert jo(f"v1 statuses ${told.id} favourite")["favourited"]
    assert jo(f"v1 statuses ${told.id} reblog")["reblog"]["id"] == str(told.id)
    counted = kim.status(told)
    assert (counted.favourites_count, counted.reblogs_count) == (1, 1)
    assert mastodon_py.notified(kim, "favourite", "jo", "hoist is back")
    jo(f"v1 statuses ${told.id} unfavourite")
    jo(f"v1 statuses ${told.id} unreblog")
    counted = kim.status(told)
    assert (counted.favourites_count, counted.reblogs_count) == (0, 0)
    assert jo(f"v1 statuses ${answer['id']} remove")["text"] == edited["status"]
    assert kim.status_context(told).descendants == []


def test_bookmarks_and_pins(jo: Masto, kim: Mastodon) -> None:
    told = kim.status_post("Worth keeping.")
    assert jo(f"v1 statuses ${told.id} bookmark")["bookmarked"]
    assert [one["id"] for one in jo("v1 bookmarks list")] == [str(told.id)]
    assert jo(f"v1 statuses ${told.id} unbookmark")["bookmarked"] is False
    assert jo("v1 bookmarks list") == []
    own = jo("v1 statuses create", {"status": "Read this first."})
    assert jo(f"v1 statuses ${own['id']} pin")["pinned"]
    assert [one.id for one in kim.account_statuses(own["account"]["id"], pinned=True)] == [
        own["id"]
    ]
    jo(f"v1 statuses ${own['id']} unpin")
    assert kim.account_statuses(own["account"]["id"], pinned=True) == []


def test_a_list_shows_who_is_on_it(jo: Masto, kim: Mastodon) -> None:
    me = kim.me()
    jo(f"v1 accounts ${me.id} follow")
    made = jo("v1 lists create", {"title": "Riggers"})
    jo(f"v1 lists ${made['id']} accounts create", {"accountIds": [str(me.id)]})
    kim.status_post("For whoever has me on a list.")
    jo.sees("has me on a list", f"v1 timelines list ${made['id']} list")
    assert [one["acct"] for one in jo(f"v1 lists ${made['id']} accounts list")] == ["kim"]
    jo(f"v1 lists ${made['id']} update", {"title": "Hoisters"})
    assert "Hoisters" in [one["title"] for one in jo("v1 lists list")]
    jo(f"v1 lists ${made['id']} remove")
    assert "Hoisters" not in [one["title"] for one in jo("v1 lists list")]


def test_a_filter_marks_what_it_was_made_for(jo: Masto, kim: Mastodon) -> None:
    jo(f"v1 accounts ${kim.me().id} follow")
    words = [{"keyword": "scaffold", "wholeWord": True}]
    wanted = {"title": "Scaffolds", "context": ["home"], "filterAction": "warn"}
    made = jo("v2 filters create", wanted | {"keywordsAttributes": words})
    kim.status_post("The scaffold is up.")
    [match] = jo.sees("The scaffold is up")["filtered"]
    assert (match["filter"]["title"], match["keywordMatches"]) == ("Scaffolds", ["scaffold"])
    jo(f"v2 filters ${made['id']} remove")
    assert jo.sees("The scaffold is up")["filtered"] == []


def test_search_finds_people_and_tags(jo: Masto, kim: Mastodon) -> None:
    kim.status_post("About #knots and ropes.")
    found = jo("v2 search list", {"q": "kim"})
    assert "kim" in [one["acct"] for one in found["accounts"]]
    found = jo("v2 search list", {"q": "#knots", "type": "hashtags"})
    assert "knots" in [one["name"] for one in found["hashtags"]]
    assert jo("v2 search list", {"q": "nobody-at-all"})["accounts"] == []
    jo.sees("ropes", "v1 timelines tag $knots list")


def test_pages_follow_each_other(jo: Masto, kim: Mastodon) -> None:
    for number in range(5):
        kim.status_post(f"Rung {number}.")
    path = f"v1 accounts ${kim.me().id} statuses list"
    pages = jo.pages(3, path, {"limit": 2})
    words = [shown(one) for page in pages for one in page]
    assert [f"Rung {4 - place}." in text for place, text in enumerate(words[:5])] == [True] * 5


def test_notifications_alone_and_in_groups(jo: Masto, kim: Mastodon) -> None:
    told = jo("v1 statuses create", {"status": "Like this."})
    kim.status_favourite(told["id"])

    def noticed() -> Any:
        found = jo("v1 notifications list", {"types": ["favourite"]})
        return [one for one in found if one["status"]["id"] == told["id"]]

    [notice] = seen(noticed, "a like among the notifications")
    grouped = jo("v2 notifications list", {"types": ["favourite"]})
    group = next(one for one in grouped["notificationGroups"] if one["statusId"] == told["id"])
    assert group["type"] == "favourite"
    assert notice["account"]["id"] in group["sampleAccountIds"]
    jo("v1 notifications clear")
    assert jo("v1 notifications list") == []


def test_a_socket_brings_posts_edits_deletions_and_notices(jo: Masto, kim: Mastodon) -> None:
    jo(f"v1 accounts ${kim.me().id} follow")
    jo.subscribe("user")
    jo.subscribe("hashtag", {"tag": "Hooks"})
    told = kim.status_post("@jo this comes by itself.")
    assert jo.next("update")["id"] == str(told.id)
    kim.status_post("Somebody else's #Hooks.")
    assert "Hooks" in jo.next("update")["content"]
    kim.status_update(told, "@jo this came by itself.")
    assert "this came by itself" in jo.next("status.update")["content"]
    kim.status_delete(told)
    assert jo.next("delete") == str(told.id)


def test_a_community_is_a_list_whose_posts_come_as_its_own(
    jo: Masto, kim: Mastodon, club: str
) -> None:
    [place] = [one for one in jo("v1 lists list") if one["title"] == "Safe Lifting"]
    assert place["id"] == f"g{club}"
    asked = jo("v1 statuses create", {"status": "@lifting who has a spare sling?"})
    assert asked["visibility"] == "private"
    line = next(one for one in kim.timeline_list(f"g{club}") if "sling" in mastodon_py.shown(one))
    assert (line.account.acct, line.reblog.id) == ("lifting", asked["id"])
    kim.status_post("@lifting I have two.", in_reply_to_id=line.reblog.id)
    there = jo.sees("I have two", f"v1 timelines list $g{club} list")
    assert there["account"]["group"]
    assert "kim" in [one["acct"] for one in jo(f"v1 lists $g{club} accounts list")]
