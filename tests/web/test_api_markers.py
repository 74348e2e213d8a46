"""How far somebody has read, kept in one app for the other."""

import pytest

from tests.support.nodes import Person

MARKERS = "/api/v1/markers"


@pytest.mark.operation("GET /api/v1/markers", "POST /api/v1/markers")
async def test_places_are_kept_for_the_next_app(ana: Person, bo: Person) -> None:
    other_app = await ana.second_app()
    kept = await ana.post(MARKERS, home={"last_read_id": "103194548672408537"})
    assert list(kept) == ["home"]
    assert kept["home"]["last_read_id"] == "103194548672408537"
    form = {"home[last_read_id]": "12", "notifications[last_read_id]": "7"}
    again = (await ana.ask("POST", MARKERS, data=form)).json
    assert (again["home"]["last_read_id"], again["notifications"]["last_read_id"]) == ("12", "7")
    assert again["home"]["version"] == kept["home"]["version"] + 1
    both = {"timeline[]": ["home", "notifications", "nothing"]}
    assert (await other_app.ask("GET", MARKERS, params=both)).json == again
    assert await other_app.get(MARKERS, **{"timeline[]": "home"}) == {"home": again["home"]}
    assert await ana.get(MARKERS) == {}
    assert await bo.get(MARKERS, **{"timeline[]": "home"}) == {}


async def test_what_is_no_place_is_refused(ana: Person) -> None:
    refused = await ana.ask("POST", MARKERS, json={"home": {"last_read_id": "yesterday"}})
    assert (refused.status, "must be an id" in refused.json["error"]) == (422, True)
    assert await ana.post(MARKERS, elsewhere={"last_read_id": "1"}) == {}
    assert await ana.get(MARKERS, **{"timeline[]": "home"}) == {}
