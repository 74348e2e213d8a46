"""Nothing that somebody typed is lost, whatever is wrong with it."""

import pytest

from social.profiles import LONGEST_BIO, LONGEST_NAME
from tests.support.nodes import Person, RunningNode
from tests.web.visitor import Visitor


@pytest.mark.parametrize(
    "wrong", [{"readers": ""}, {"readers": "thread"}, {"text": "long " * 3_000}, {"text": " \n "}]
)
async def test_a_post_that_is_refused_stays_in_the_form(
    at_ana: Visitor, ana: Person, wrong: dict[str, str]
) -> None:
    await at_ana.get("/")
    typed = {"text": "What I found\nout today", "summary": "Long story", "readers": "followers"}
    seen = await at_ana.send("/posts", **(typed | wrong))
    assert seen.status == 422
    form = seen.fields("/posts")
    assert (form["text"], form["summary"]) == ((typed | wrong)["text"], "Long story")
    assert seen.tree.css_first("[role=alert]") is not None
    assert await ana.home() == []
    sent = await at_ana.send("/posts", text="What I found out", readers="followers")
    assert sent.location == "/"
    assert [post["spoiler_text"] for post in await ana.home()] == ["Long story"]


async def test_an_answer_that_is_refused_stays_below_its_question(
    at_ana: Visitor, bo: Person
) -> None:
    question = await bo.say("How long does it rise?")
    page = await at_ana.get(f"/@bo/{question['id']}")
    assert page.fields("/posts")["text"] == "@bo "
    seen = await at_ana.send("/posts", text="@bo all night", readers="?")
    assert seen.status == 422
    assert "How long does it rise?" in seen.text
    form = seen.fields("/posts")
    assert (form["text"], form["reply_to"]) == ("@bo all night", question["id"])
    await bo.delete(f"/api/v1/statuses/{question['id']}")
    gone = await at_ana.send("/posts", text="@bo all night", readers="?")
    assert gone.fields("/posts")["text"] == "@bo all night"


async def test_the_first_post_for_anyone_is_asked_about(
    node: RunningNode, at_ana: Visitor, ana: Person
) -> None:
    await at_ana.get("/")
    seen = await at_ana.send("/posts", text="To the world", readers="world")
    assert seen.status == 422
    assert seen.fields("/posts")["text"] == "To the world"
    assert seen.fields("/posts")["readers"] == "world"
    assert "first time" in seen.text
    assert await ana.home() == []
    assert (await node.ask("GET", "/@ana")).status == 404
    assert (await at_ana.send("/posts", sure="1")).location == "/"
    assert (await node.ask("GET", "/@ana")).status == 200


async def test_who_was_signed_out_gets_the_text_back(
    node: RunningNode, at_ana: Visitor, ana: Person
) -> None:
    await at_ana.get("/")
    at_ana.cookies["session"] = "ended-meanwhile"
    seen = await at_ana.send("/posts", text="An hour of <work>")
    kept = seen.tree.css_first("#kept")
    assert seen.status == 403
    assert kept is not None
    assert kept.text() == "An hour of <work>"
    assert seen.fields("/sign-in")["next"] == "/"
    assert await ana.home() == []


@pytest.mark.parametrize(
    "wrong", [{"name": "n" * (LONGEST_NAME + 1)}, {"bio": "b" * (LONGEST_BIO + 1)}]
)
async def test_a_profile_that_is_refused_stays_in_the_form(
    at_ana: Visitor, wrong: dict[str, str]
) -> None:
    await at_ana.get("/settings")
    typed = {"name": "Ana Lee", "bio": "Bakes bread.", "locked": "1"}
    seen = await at_ana.send("/settings", **(typed | wrong))
    assert seen.status == 422
    form = seen.fields("/settings")
    assert {name: form[name] for name in typed} == typed | wrong
    assert (await at_ana.get("/settings")).fields("/settings")["name"] == "ana"
    assert (await at_ana.send("/settings", **typed)).location == "/settings?saved=1"
    saved = await at_ana.get("/settings?saved=1")
    assert "Saved." in saved.text
    assert saved.fields("/settings") | typed == saved.fields("/settings")
