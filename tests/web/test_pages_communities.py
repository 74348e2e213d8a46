"""Communities in a browser: finding, joining, writing, leaving; nothing for whoever is outside."""

import pytest

from domain.kinds import Acceptance
from tests.support.nodes import Person, RunningNode
from tests.web.gathering import Club, found_club
from tests.web.visitor import Visitors


@pytest.fixture
async def club(ana: Person, bo: Person) -> Club:
    """Ana's community; Bo is a member."""
    return await found_club(ana, bo)


async def test_a_member_writes_on_the_page_and_all_members_read_it_there(
    club: Club, visitors: Visitors, ana: Person, bo: Person
) -> None:
    at_ana, at_bo = await visitors.of(ana), await visitors.of(bo)
    page = await at_bo.get("/@club")
    assert "Safe Lifting" in page.text
    assert "Members only" in page.text
    assert (await at_bo.submit(page, "/posts", text="How do you lift?")).location == "/@club"
    assert "How do you lift?" in (await at_ana.get("/@club")).text
    home = await at_ana.get("/")
    assert "In Safe Lifting" in home.text
    assert "shared" not in home.text
    reader = home.tree.css_first("article .readers")
    assert reader is not None
    assert reader.text() == "Safe Lifting"
    [status] = await ana.get(club.timeline)
    assert status["reblog"]["visibility"] == "private"


async def test_an_answer_stands_in_its_conversation(
    club: Club, visitors: Visitors, ana: Person, bo: Person
) -> None:
    said = await ana.say("@club How do you lift?")
    at_bo = await visitors.of(bo)
    page = await at_bo.get(f"/@ana/{said['id']}")
    answered = await at_bo.submit(page, "/posts", text="With my knees")
    assert answered.location.startswith("/@bo/")
    assert "With my knees" in (await at_bo.get(f"/@ana/{said['id']}")).text
    assert "With my knees" not in (await at_bo.get("/@club")).text  # threads alone


async def test_what_was_typed_stays_when_it_cannot_be_posted(
    club: Club, visitors: Visitors, bo: Person
) -> None:
    at_bo = await visitors.of(bo)
    page = await at_bo.get("/@club")
    again = await at_bo.submit(page, "/posts", text="x" * 6000)
    assert again.status == 422
    assert "Safe Lifting" in again.text
    assert again.fields("/posts")["text"] == "x" * 6000
    assert again.fields("/posts")["place"] == str(club.id)
    assert await bo.get(club.timeline) == []


async def test_naming_the_community_too_writes_in_it_once(
    club: Club, visitors: Visitors, bo: Person
) -> None:
    at_bo = await visitors.of(bo)
    page = await at_bo.get("/@club")
    assert (await at_bo.submit(page, "/posts", text="@club hello")).location == "/@club"
    assert len(await bo.get(club.timeline)) == 1


async def test_asking_waiting_and_leaving(
    club: Club, node: RunningNode, visitors: Visitors, bo: Person
) -> None:
    cy = await node.person("cy")
    await bo.say("@club Inside")
    at_cy = await visitors.of(cy)
    page = await at_cy.get("/@club")
    assert "Ask to join" in page.text
    assert "Inside" not in page.text
    assert page.tree.css_first('form[action="/posts"]') is None
    follow, leave = f"/people/{club.id}/follow", f"/people/{club.id}/unfollow"
    assert (await at_cy.submit(page, follow)).location == "/@club"
    assert "A steward answers" in (await at_cy.get("/@club")).text
    assert "you asked to join" in (await at_cy.get("/communities")).text
    await club.add(cy)
    page = await at_cy.get("/@club")
    assert "Inside" in page.text
    await at_cy.submit(page, leave)
    page = await at_cy.get("/@club")
    assert "Ask to join" in page.text
    assert "Inside" not in page.text


async def test_G30_whoever_is_outside_writes_nothing_and_sees_nobody(
    club: Club, node: RunningNode, visitors: Visitors, bo: Person, gina: Person
) -> None:
    cy = await node.person("cy")
    at_cy, at_gina, at_bo = [await visitors.of(each) for each in (cy, gina, bo)]
    home = await at_cy.get("/")
    form = {**home.fields("/posts"), "text": "Let me in", "readers": "place"}
    refused = await at_cy.post("/posts", **form, place=str(club.id))
    assert refused.status == 404
    assert await bo.get(club.timeline) == []
    people = f"/communities/{club.id}/people"
    found = await at_bo.get(people)
    assert ("ana" in found.text, "bo" in found.text) == (True, True)
    for outsider in (at_cy, at_gina):
        assert (await outsider.get(people)).status == 404
    assert (await at_gina.get("/@club")).status == 404
    assert (await at_gina.get("/communities")).text.count("Safe Lifting") == 0
    stranger = visitors.stranger()
    for path in (people, "/communities"):
        assert (await stranger.get(path)).status == 302


async def test_communities_stand_on_one_page(
    club: Club, node: RunningNode, visitors: Visitors, ana: Person, bo: Person
) -> None:
    await found_club(ana, bo, handle="quiet", listed=False)
    cy = await node.person("cy")
    mine = (await (await visitors.of(bo)).get("/communities")).html
    assert ("/@club" in mine, "/@quiet" in mine) == (True, True)
    theirs = await (await visitors.of(cy)).get("/communities")
    assert ("/@club" in theirs.html, "/@quiet" in theirs.html) == (True, False)
    assert "You belong to no community yet." in theirs.text


@pytest.mark.parametrize(
    ("acceptance", "words"),
    [
        (Acceptance.WAITING, "has not taken this in yet"),
        (Acceptance.REFUSED, "did not take this in"),
    ],
    ids=["waiting", "refused"],
)
async def test_an_author_sees_what_became_of_the_words(
    club: Club, visitors: Visitors, ana: Person, bo: Person, acceptance: Acceptance, words: str
) -> None:
    said = await bo.say("@club Hello")
    at_bo, at_ana = await visitors.of(bo), await visitors.of(ana)
    path = f"/@bo/{said['id']}"
    assert words not in (await at_bo.get(path)).text
    await club.hold_back(said, acceptance)
    page = await at_bo.get(path)
    assert words in page.text
    assert words in (await at_bo.get("/@club")).text
    assert words not in (await at_ana.get("/@club")).text
    again = f"/posts/{said['id']}/send-again"
    assert (page.tree.css_first(f'form[action="{again}"]') is not None) is (
        acceptance is Acceptance.REFUSED
    )
    assert (await at_ana.get(path)).status == 404
    if acceptance is Acceptance.REFUSED:
        assert (await at_bo.submit(page, again)).location == path
        assert "has not taken this in yet" in (await at_bo.get(path)).text


async def test_a_community_that_has_not_begun_says_so(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    club = await found_club(ana)
    cy = await node.person("cy")
    page = await (await visitors.of(cy)).get("/@club")
    assert "has not begun yet" in page.text
    assert page.tree.css_first(f'form[action="/people/{club.id}/follow"]') is None
