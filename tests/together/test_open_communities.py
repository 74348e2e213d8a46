"""A community that is open to the world, seen by our nodes (FEP-1b12)."""

import pytest
from sqlalchemy import delete, update

from domain.community_settings import Wishes
from domain.kinds import Preset
from social.community_settings import change
from storage.queries import posts
from storage.tables.accounts import accounts
from storage.tables.timelines import home_entries
from storage.tx import Tx
from tests.support.lemmy import Lemmy
from tests.support.nodes import Nodes, Person, until
from tests.support.stranger import stranger
from tests.together.communities import found
from tests.together.stories import following, known, settled


@pytest.mark.interop(
    "Announce{Create{Note}}", "out", "a post in an open community", peer="our nodes"
)
@pytest.mark.both
async def test_what_is_said_in_an_open_community_is_seen_on_other_nodes(nodes: Nodes) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    cy = await known(far, "cy")
    community = await found(hq, ana, bo, preset=Preset.WORLD)
    account = await cy.follow(community.acct)
    assert (account["group"], account["locked"]) == (True, False)
    await following(cy, account["id"])
    lists = await cy.get("/api/v1/lists")
    assert [one["title"] for one in lists] == ["Safe lifting"]
    said = await ana.say("@safe-lifting How do you lift what has no handles?")
    assert said["visibility"] == "public"
    seen = await cy.sees("no handles")
    assert seen["account"]["acct"] == community.acct[1:]
    assert seen["reblog"]["account"]["username"] == "ana"
    await cy.sees("no handles", f"/api/v1/timelines/list/{lists[0]['id']}")
    answer = await cy.say("With eyelets.", in_reply_to_id=seen["reblog"]["id"])
    assert answer["visibility"] == "public"
    await ana.sees("With eyelets", f"/api/v1/timelines/list/g{community.id}")
    await settled(hq, far)
    assert (await ana.get(f"/api/v1/statuses/{said['id']}"))["replies_count"] == 1
    theirs = seen["reblog"]["id"]

    async def counted() -> bool:
        return bool((await cy.get(f"/api/v1/statuses/{theirs}"))["replies_count"] == 1)

    await until(counted)


@pytest.mark.interop(
    "Announce{Like}, Announce{Undo}, Announce{Delete}", "out", "figures agree", peer="our nodes"
)
async def test_figures_agree_on_three_nodes(nodes: Nodes) -> None:
    hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    cy, dee = await known(lab, "cy"), await known(far, "dee")
    community = await found(hq, ana, bo, preset=Preset.WORLD)
    for person in (cy, dee):
        account = await person.follow(community.acct)
        await following(person, account["id"])
    people = (ana, cy, dee)
    said = await cy.say(f"{community.acct} How do you lift what has no handles?")
    for person in (ana, dee):
        await person.sees("no handles")
    rows = {person.handle: await _row(person, said["uri"]) for person in people}
    await dee.say("With eyelets.", in_reply_to_id=rows["dee"])
    await ana.say("Never alone.", in_reply_to_id=rows["ana"])
    for person in people:
        await person.post(f"/api/v1/statuses/{rows[person.handle]}/favourite")
    await _figures(people, rows, likes=3, replies=2)
    await dee.post(f"/api/v1/statuses/{rows['dee']}/unfavourite")
    await _figures(people, rows, likes=2, replies=2)
    for person in people:
        thread = await person.get(f"/api/v1/statuses/{rows[person.handle]}/context")
        assert len(thread["descendants"]) == 2, person.handle
    answers = await ana.get(f"/api/v1/statuses/{rows['ana']}/context")
    mine = next(one for one in answers["descendants"] if "Never alone" in one["content"])
    await ana.delete(f"/api/v1/statuses/{mine['id']}")
    await _figures(people, rows, likes=2, replies=1)
    await ana.say(f"@tertulia withdraw {said['uri']}: twice", visibility="direct")

    async def gone() -> bool:
        answers = [await one.ask("GET", f"/api/v1/statuses/{rows[one.handle]}") for one in people]
        return [answer.status for answer in answers] == [404, 200, 404]  # it stays its author's

    await until(gone)


@pytest.mark.interop(
    "Announce{Create{Question}}, Announce{Update{Question}}", "out", "votes agree", peer="our nodes"
)
async def test_a_poll_stands_alike_on_three_nodes(nodes: Nodes) -> None:
    hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    cy, dee = await known(lab, "cy"), await known(far, "dee")
    community = await found(hq, ana, bo, preset=Preset.WORLD)
    for person in (cy, dee):
        account = await person.follow(community.acct)
        await following(person, account["id"])
    poll = {"options": ["Knees", "Back"], "expires_in": 3600}
    said = await cy.say(f"{community.acct} What hurts?", poll=poll)
    people = (ana, cy, dee)
    for person in (ana, dee):
        await person.sees("What hurts")
    for person, choice in ((ana, 0), (dee, 1), (dee, 1)):
        shown = await person.get(f"/api/v1/statuses/{await _row(person, said['uri'])}")
        answer = await person.ask(
            "POST", f"/api/v1/polls/{shown['poll']['id']}/votes", json={"choices": [choice]}
        )
        assert answer.status in {200, 422}  # nobody votes twice

    async def same() -> bool:
        found = []
        for person in people:
            shown = await person.get(f"/api/v1/statuses/{await _row(person, said['uri'])}")
            found.append([one["votes_count"] for one in shown["poll"]["options"]])
        return found == [[1, 1]] * 3

    await until(same)


async def _row(person: Person, uri: str) -> str:
    row = await person.node.db.read(posts.by_uri, uri)
    assert row is not None
    return str(row.id)


async def _figures(
    people: tuple[Person, ...], rows: dict[str, str], *, likes: int, replies: int
) -> None:
    async def so() -> bool:
        shown = [await one.get(f"/api/v1/statuses/{rows[one.handle]}") for one in people]
        found = {(one["favourites_count"], one["replies_count"]) for one in shown}
        return found == {(likes, replies)}

    await until(so)


async def test_who_follows_an_author_and_not_the_community_sees_the_post_itself(
    nodes: Nodes,
) -> None:
    hq = await nodes.start("hq")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    dan, eve = await known(hq, "dan"), await known(hq, "eve")
    community = await found(hq, ana, bo, preset=Preset.WORLD)
    for person in (dan, eve):
        await person.follow("@ana")
    await eve.post(f"/api/v1/accounts/{community.id}/follow")
    for fresh in (True, False):
        words = f"Use your knees, {fresh}."
        said = await ana.say(f"@safe-lifting {words}")
        assert (await dan.sees(words))["id"] == said["id"]
        mine = [one for one in await eve.home() if words in (one["reblog"] or one)["content"]]
        assert [one["account"]["username"] for one in mine] == ["safe-lifting"]
        own = [one for one in await ana.home() if words in (one["reblog"] or one)["content"]]
        assert [one["account"]["username"] for one in own] == ["safe-lifting"]
        await hq.db.write(_forget_homes)  # and built anew, it is the same


def _forget_homes(tx: Tx) -> None:
    tx.change(update(accounts).values(home_fresh_until=0))
    tx.change(delete(home_entries))


@pytest.mark.interop(
    "Update{Group}", "out", "a new name and purpose, with its moderators", peer="scripted Lemmy"
)
async def test_a_new_name_is_told_to_who_follows_it(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    community = await found(hq, ana, bo, preset=Preset.WORLD)
    async with stranger("lemmy") as server:
        lemmy = Lemmy(server, f"{hq.origin}/inbox")
        await lemmy.subscribe(lemmy.person("lia"), community.uri)

        async def subscribed() -> bool:
            return bool(lemmy.places[community.uri].subscribed)

        await until(subscribed)
        wish = Wishes(name="Lifting well")
        await hq.db.write(
            change, node=hq.node, community_id=community.id, wishes=wish, by_id=ana.id
        )

        async def told() -> bool:
            return bool(lemmy.got["Update"])

        await until(told)
        document = lemmy.got["Update"][0]["object"]
        assert (document["type"], document["name"]) == ("Group", "Lifting well")
        assert "Lift without pain" in document["summary"]
        assert document["attributedTo"] == f"{community.uri}/moderators"
