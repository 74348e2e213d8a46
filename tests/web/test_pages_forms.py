"""Nothing that somebody typed is lost, whatever is wrong with it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.kinds import Role
from social import accounts
from social.profiles import LONGEST_BIO, LONGEST_NAME
from tests.support.nodes import Person, RunningNode
from tests.web.browsing import Browser, browsing


@pytest.fixture
async def at_ana(node: RunningNode, ana: Person) -> AsyncIterator[Browser]:
    """Ana's browser."""
    async with browsing(node, ana) as browser:
        yield browser


@pytest.mark.parametrize(
    "wrong", [{"readers": ""}, {"readers": "thread"}, {"text": "long " * 3_000}, {"text": " \n "}]
)
async def test_a_post_that_is_refused_stays_in_the_form(
    at_ana: Browser, ana: Person, wrong: dict[str, str]
) -> None:
    await at_ana.open("/")
    typed = {"text": "What I found\nout today", "summary": "Long story", "readers": "followers"}
    seen = await at_ana.submit("/posts", **(typed | wrong))
    assert seen.status == 422
    form = seen.form("/posts")
    assert (form["text"], form["summary"]) == ((typed | wrong)["text"], "Long story")
    assert seen.page.css_first("[role=alert]") is not None
    assert await ana.home() == []
    sent = await at_ana.submit("/posts", text="What I found out", readers="followers")
    assert sent.to == "/"
    assert [post["spoiler_text"] for post in await ana.home()] == ["Long story"]


async def test_an_answer_that_is_refused_stays_below_its_question(
    at_ana: Browser, bo: Person
) -> None:
    question = await bo.say("How long does it rise?")
    page = await at_ana.open(f"/@bo/{question['id']}")
    assert page.form("/posts")["text"] == "@bo "
    seen = await at_ana.submit("/posts", text="@bo all night", readers="?")
    assert seen.status == 422
    assert "How long does it rise?" in seen.text
    form = seen.form("/posts")
    assert (form["text"], form["reply_to"]) == ("@bo all night", question["id"])
    await bo.delete(f"/api/v1/statuses/{question['id']}")
    gone = await at_ana.submit("/posts", text="@bo all night", readers="?")
    assert gone.form("/posts")["text"] == "@bo all night"


async def test_the_first_post_for_anyone_is_asked_about(
    node: RunningNode, at_ana: Browser, ana: Person
) -> None:
    await at_ana.open("/")
    seen = await at_ana.submit("/posts", text="To the world", readers="world")
    assert seen.status == 422
    assert seen.form("/posts")["text"] == "To the world"
    assert seen.form("/posts")["readers"] == "world"
    assert "first time" in seen.text
    assert await ana.home() == []
    assert (await node.ask("GET", "/@ana")).status == 404
    assert (await at_ana.submit("/posts", sure="1")).to == "/"
    assert (await node.ask("GET", "/@ana")).status == 200


async def test_who_was_signed_out_gets_the_text_back(
    node: RunningNode, at_ana: Browser, ana: Person
) -> None:
    await at_ana.open("/")
    at_ana.hold(session="ended-meanwhile")
    seen = await at_ana.submit("/posts", text="An hour of <work>")
    kept = seen.page.css_first("#kept")
    assert seen.status == 403
    assert kept is not None
    assert kept.text() == "An hour of <work>"
    assert seen.form("/sign-in")["next"] == "/"
    assert await ana.home() == []


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"password": "short"}, 422),
        ({"handle": "not a name"}, 422),
        ({"email": "nowhere"}, 422),
        ({"handle": "ana"}, 409),
    ],
)
async def test_a_new_person_types_the_rest_once(
    node: RunningNode, ana: Person, wrong: dict[str, str], status: int
) -> None:
    secret = await node.db.write(accounts.invite, role=Role.MEMBER)
    path = f"/welcome/{secret}"
    typed = {"handle": "nia", "email": "nia@mail.example", "password": "three wet umbrellas"}
    async with browsing(node) as browser:
        await browser.open(path)
        sent: dict[str, Any] = typed | wrong
        seen = await browser.submit(path, **sent)
        assert seen.status in {status, 422}
        form = seen.form(path)
        assert (form["handle"], form["email"]) == (sent["handle"], sent["email"])
        assert form["password"] == ""
        assert sent["password"] not in seen.source
        assert seen.page.css_first("[role=alert]") is not None
        assert (await browser.submit(path, **typed)).to == "/"
        assert "Sign out" in (await browser.open("/")).text


@pytest.mark.parametrize(
    "wrong", [{"name": "n" * (LONGEST_NAME + 1)}, {"bio": "b" * (LONGEST_BIO + 1)}]
)
async def test_a_profile_that_is_refused_stays_in_the_form(
    at_ana: Browser, wrong: dict[str, str]
) -> None:
    await at_ana.open("/settings")
    typed = {"name": "Ana Lee", "bio": "Bakes bread.", "locked": "1"}
    seen = await at_ana.submit("/settings", **(typed | wrong))
    assert seen.status == 422
    form = seen.form("/settings")
    assert {name: form[name] for name in typed} == typed | wrong
    assert (await at_ana.open("/settings")).form("/settings")["name"] == "ana"
    assert (await at_ana.submit("/settings", **typed)).to == "/settings?saved=1"
    saved = await at_ana.open("/settings?saved=1")
    assert "Saved." in saved.text
    assert saved.form("/settings") | typed == saved.form("/settings")
