"""Filters that were made with an app, on our own pages: folded, or not there, each in its place."""

import pytest

from tests.support.nodes import Json, Person
from tests.web.visitor import Visitor

V2 = "/api/v2/filters"


async def make(person: Person, action: str, *places: str) -> Json:
    words = [{"keyword": "dragon"}]
    said = {"title": "Spoilers", "context": places, "filter_action": action}
    return await person.post(V2, **said, keywords_attributes=words)


@pytest.mark.operation("POST /api/v2/filters")
async def test_a_post_is_folded_or_hidden_where_the_filter_applies(
    at_ana: Visitor, ana: Person, bo: Person
) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    await ana.home()
    said = await bo.say("@ana A dragon")
    await ana.say("My own dragon")
    made = await make(ana, "warn", "home")
    home = await at_ana.get("/")
    [folded] = home.tree.css("details.filtered")
    summary = folded.css_first("summary")
    assert summary is not None
    assert summary.text() == "Filtered: Spoilers"
    assert "A dragon" in folded.text()
    assert "My own dragon" in home.text
    assert not (await at_ana.get(f"/@bo/{said['id']}")).tree.css("details.filtered")
    assert "A dragon" in (await at_ana.get("/notifications")).text
    await ana.put(f"{V2}/{made['id']}", filter_action="hide", context=["home", "notifications"])
    home = await at_ana.get("/")
    assert "A dragon" not in home.text
    assert "My own dragon" in home.text
    assert "A dragon" in (await at_ana.get("/@bo")).text
    assert "wrote to you" not in (await at_ana.get("/notifications")).text
    await ana.delete(f"{V2}/{made['id']}")
    assert "A dragon" in (await at_ana.get("/")).text
