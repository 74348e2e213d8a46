"""What Ana does with toot at hq, seen by Bo with Mastodon.py at the lab."""

import json
import subprocess
import sys
from typing import Any

import pytest
from mastodon import Mastodon
from mastodon.errors import MastodonNotFoundError

from tests.clients import mastodon_py
from tests.clients.conftest import World
from tests.clients.serving import seen
from tests.clients.toot_program import Toot, TootError, id_of, parts

pytestmark = pytest.mark.xdist_group("clients")


def test_post_with_warning_and_language(world: World, ana: Toot, bo: Mastodon) -> None:
    url = ana.post(
        *("La escalera del almacén tiene un peldaño flojo.", "-p", "Aviso", "-l", "es"),
        *("-v", "public"),
    )
    status = mastodon_py.sees(bo, "peldaño flojo")
    assert (status.url, status.spoiler_text, status.language) == (url, "Aviso", "es")
    assert (status.visibility, status.sensitive) == ("public", True)
    assert status.account.acct == world.ana_at_hq
    printed = json.loads(ana("status", id_of(ana.sees("peldaño flojo")), "--json"))
    assert (printed["spoiler_text"], printed["language"]) == ("Aviso", "es")


def test_post_quietly(ana: Toot, bo: Mastodon) -> None:
    ana.post("Nothing for the big room.", "-v", "unlisted")
    assert mastodon_py.sees(bo, "the big room").visibility == "unlisted"
    assert "the big room" not in ana.timeline("public", "--local")


def test_post_to_followers_alone(ana: Toot, bo: Mastodon, cy: Mastodon) -> None:
    url = ana.post("The roof will be closed on Friday.", "-v", "private")
    status = mastodon_py.sees(bo, "roof will be closed")
    assert status.visibility == "private"
    assert cy.search_v2(url, resolve=True, result_type="statuses").statuses == []
    with pytest.raises(MastodonNotFoundError):
        cy.status(status.id)


def test_post_to_one_person(world: World, ana: Toot, bo: Mastodon, cy: Mastodon) -> None:
    ana.post(f"{world.bo_acct} the draft is in your drawer", "-v", "direct")
    noticed = mastodon_py.notified(bo, "mention", world.ana_at_hq, "in your drawer")
    assert noticed.status.visibility == "direct"
    assert [mention.acct for mention in noticed.status.mentions] == ["bo"]
    with pytest.raises(MastodonNotFoundError):
        cy.status(noticed.status.id)


def test_reply(ana: Toot, bo: Mastodon) -> None:
    asked = bo.status_post("Who has used the new torque wrench?")
    seen_at_hq = ana.sees("new torque wrench")
    ana("post", "I have, twice. It clicks early.", "-r", id_of(seen_at_hq))
    answers = seen(lambda: bo.status_context(asked.id).descendants, "Ana's reply under the post")
    assert "clicks early" in answers[0].content
    assert answers[0].in_reply_to_id == asked.id
    seen(lambda: bo.status(asked.id).replies_count == 1, "a reply that is counted")


def test_share_and_take_back(world: World, ana: Toot, bo: Mastodon) -> None:
    told = bo.status_post("Gloves are in the blue locker now.")
    shown = ana.sees("blue locker")
    assert "✓ Status reblogged" in ana("reblog", id_of(shown))
    noticed = mastodon_py.notified(bo, "reblog", world.ana_at_hq, "blue locker")
    assert noticed.status.id == told.id
    assert bo.status(told.id).reblogs_count == 1
    assert [who.acct for who in bo.status_reblogged_by(told.id)] == [world.ana_at_hq]
    assert "✓ Status unreblogged" in ana("unreblog", id_of(shown))
    seen(lambda: bo.status(told.id).reblogs_count == 0, "a share that is taken back")


def test_like_and_take_back(world: World, ana: Toot, bo: Mastodon) -> None:
    told = bo.status_post("The kettle is repaired.")
    ana.sees("kettle is repaired")
    assert "✓ Status favourited" in ana("favourite", told.url)
    noticed = mastodon_py.notified(bo, "favourite", world.ana_at_hq, "kettle is repaired")
    assert noticed.status.id == told.id
    assert [who.acct for who in bo.status_favourited_by(told.id)] == [world.ana_at_hq]
    assert "kettle is repaired" in ana.timeline("favourites")
    assert "✓ Status unfavourited" in ana("unfavourite", told.url)
    seen(lambda: bo.status(told.id).favourites_count == 0, "a like that is taken back")
    assert "kettle is repaired" not in ana.timeline("favourites")


def test_edit(ana: Toot, bo: Mastodon) -> None:
    ana.post("The course begins at nine.")
    before = mastodon_py.sees(bo, "begins at nine")
    _edit(ana, id_of(ana.sees("begins at nine")), "The course begins at ten.")
    after = mastodon_py.sees(bo, "begins at ten")
    assert after.id == before.id
    assert after.edited_at is not None
    assert ["nine" in version.content for version in bo.status_history(after.id)] == [True, False]


def test_delete(ana: Toot, bo: Mastodon) -> None:
    ana.post("This was meant for somebody else.")
    status = mastodon_py.sees(bo, "meant for somebody else")
    assert "✓ Status deleted" in ana("delete", id_of(ana.sees("meant for somebody else")))
    seen(lambda: _is_gone(bo, status.id), "a post that is gone")
    assert not any("somebody else" in s.content for s in bo.timeline_home())
    assert "somebody else" not in ana.timeline("home")


def test_what_is_not_ones_own_stays(ana: Toot, bo: Mastodon) -> None:
    told = bo.status_post("This one stays.")
    shown = ana.sees("This one stays")
    with pytest.raises(TootError, match=r"not found|not allowed"):
        ana("delete", id_of(shown))
    assert "This one stays" in bo.status(told.id).content


def test_follow_found_by_handle_and_unfollow(world: World, ana: Toot, cy: Mastodon) -> None:
    assert f"* {world.cy_acct}" in ana("search", world.cy_acct, "--resolve")
    assert f"You are now following {world.cy_acct}" in ana("follow", world.cy_acct)
    (asking,) = seen(cy.follow_requests, "Ana asking to follow Cy")
    assert mastodon_py.notified(cy, "follow_request", world.ana_at_hq).account.id == asking.id
    assert world.cy_acct not in ana("following")
    cy.follow_request_authorize(asking)
    seen(lambda: world.cy_acct in ana("following"), "Cy among those whom Ana follows")
    assert [who.acct for who in cy.account_followers(cy.me())] == [world.ana_at_hq]
    cy.status_post("Hello to whoever follows me.")
    assert world.cy_acct in ana.sees("whoever follows me")
    assert "no longer following" in ana("unfollow", world.cy_acct)
    seen(lambda: not cy.account_followers(cy.me()), "Ana no longer following")
    assert world.cy_acct not in ana("following")


def test_nobody_is_found_under_a_wrong_handle(world: World, ana: Toot) -> None:
    assert "Nothing found" in ana("search", f"@nobody@{world.lab.domain}", "--resolve")
    with pytest.raises(TootError, match="Account not found"):
        ana("follow", f"@nobody@{world.lab.domain}")


def test_accept_and_reject_who_asks(world: World, ana: Toot, cy: Mastodon) -> None:
    ana("update-account", "--locked")
    try:
        who = mastodon_py.find(cy, ana.acct)
        assert _asked(cy.account_follow(who))
        asking = seen(lambda: ana("follow-requests", "list"), "a request to follow Ana")
        assert world.cy_acct in asking
        assert ana.notified(f"{world.cy_acct} requested to follow you")
        ana("follow-requests", "reject", world.cy_acct)
        seen(lambda: not any(_state(cy, who)), "a request that was rejected")
        assert _asked(cy.account_follow(who))
        seen(lambda: ana("follow-requests", "list"), "a second request")
        assert "is now following you" in ana("follow-requests", "accept", world.cy_acct)
        seen(lambda: _state(cy, who) == (True, False), "a request that was accepted")
        cy.account_unfollow(who)
        seen(lambda: world.cy_acct not in ana("followers"), "Cy gone from Ana's followers")
    finally:
        ana("update-account", "--no-locked")


def test_read_every_timeline(world: World, ana: Toot, bo: Mastodon) -> None:
    ana.post("Minutes of the safety round.")
    theirs = bo.status_post("Minutes of the lab meeting.")
    assert world.bo_acct in ana.sees("lab meeting", "home")
    assert "lab meeting" in ana.timeline("public")
    local = ana.timeline("public", "--local")
    assert "safety round" in local
    assert "lab meeting" not in local
    assert "lab meeting" in ana.timeline("account", world.bo_acct)
    assert "safety round" not in ana.timeline("account", world.bo_acct)
    bo.status_reply(theirs, "And the action list.")
    mine = id_of(ana.sees("action list"))
    thread = [words for words in parts(ana("thread", mine)) if words]
    assert len(thread) == 2
    assert "lab meeting" in thread[0]
    assert "action list" in thread[1]


def test_turn_the_pages(world: World, ana: Toot, bo: Mastodon) -> None:
    for number in range(5):
        bo.status_post(f"Leaf {number}.")
        ana.sees(f"Leaf {number}.")  # what is sent at once may come in any order
    printed = ana("timelines", "account", world.bo_acct, "--limit", "2", "--pager")
    places = [printed.index(f"Leaf {number}.") for number in range(5)]
    assert places == sorted(places, reverse=True)
    assert printed.count("Leaf") == 5


def test_read_notifications(world: World, ana: Toot, bo: Mastodon) -> None:
    ana("notifications", "--clear")
    url = ana.post("A question to everybody.")
    there = world.found_at_lab(url)
    bo.status_favourite(there)
    bo.status_reblog(there)
    bo.status_reply(there, "An answer from the lab.")
    for words in ("favourited your status", "boosted your status", "mentioned you"):
        assert world.bo_acct in ana.notified(words)
    assert "An answer from the lab." in ana("notifications", "--type", "mention")
    assert "✓ Notifications cleared" in ana("notifications", "--clear")
    assert "You have no notifications" in ana("notifications")


#: toot edits in its full-screen face only; this calls the same function of the same program.
_EDIT = (
    "import sys; from toot import api, config; user, app = config.get_active_user_app();"
    " api.edit_status(app, user, sys.argv[1], sys.argv[2])"
)


def _edit(ana: Toot, post_id: str, text: str) -> None:
    subprocess.run(
        [sys.executable, "-c", _EDIT, post_id, text],
        env=ana.environment,
        cwd=ana.folder,
        check=True,
        timeout=60,
    )


def _is_gone(client: Mastodon, post_id: Any) -> bool:
    try:
        client.status(post_id)
    except MastodonNotFoundError:
        return True
    return False


def _asked(state: Any) -> bool:
    return bool(state.requested and not state.following)


def _state(client: Mastodon, who: Any) -> tuple[bool, bool]:
    (state,) = client.account_relationships(who)
    return state.following, state.requested
