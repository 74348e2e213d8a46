"""Communities that an agreement is about: who comes in by it, and that its end ends that."""

import pytest

from tests.support.nodes import Nodes
from tests.together.communities import found, note_for
from tests.together.stories import settled
from tests.together.test_agreements import agree, command, listed, shows, two, words_of


@pytest.mark.both
async def test_an_agreement_opens_its_communities_and_its_end_closes_them(nodes: Nodes) -> None:
    hq, lab = await two(nodes)
    ana, bo, cy = await hq.person("ana"), await hq.person("bo"), await lab.person("cy")
    club = await found(hq, ana, bo)
    other = await found(hq, ana, bo, handle="quiet-hours")
    await agree(
        hq, lab, "--kind", "partner", "--community", "safe-lifting", "--until", "2099-12-31"
    )
    assert "communities: @safe-lifting; directory: shared; until 2099-12-31" in await listed(hq)
    lookup = {"q": other.acct, "resolve": "true", "type": "accounts"}
    assert (await cy.get("/api/v2/search", **lookup))["accounts"] == [], "it is not about that one"
    await cy.follow(club.acct)
    await note_for(bo, "asks to join")
    await bo.say(f"@tertulia approve @cy@{lab.host}", visibility="direct")
    await club.takes_in(cy.uri, lab)
    made = await ana.say(f"inside the agreement @{club.handle}")
    seen = await cy.sees("inside the agreement")
    await settled(hq, lab)
    assert (await command(lab, "end", hq.host)).exit_code == 0
    assert not await club.has(cy.uri, lab), "at once"
    await shows(lab, "they forgot what they got on")
    await settled(hq, lab)
    assert await lab.db.read(words_of, made["uri"]) is None
    assert await hq.db.read(words_of, made["uri"])
    await club.loses(cy.uri)
    assert (await cy.ask("GET", f"/api/v1/statuses/{seen['id']}")).status == 404
    await ana.say(f"after its end @{club.handle}")
    await settled(hq, lab)
    assert [one for one in await cy.home() if "inside" in one["content"]] == []
    assert (await bo.get(f"/api/v1/statuses/{made['id']}"))["content"]
