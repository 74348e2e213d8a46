"""Posts that travel: seen as they were meant, answered, edited, deleted."""

import pytest

from tests.support.nodes import Nodes, Person, until
from tests.together.stories import (
    HOME,
    befriend,
    cannot_find,
    is_gone,
    known,
    settled,
    shows,
    thread_of,
    told,
)


async def friends(nodes: Nodes) -> tuple[Person, Person]:
    """Ana at hq and ben at lab, who follow each other."""
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)
    await befriend(ana, ben)
    return ana, ben


@pytest.mark.interop(
    "Create{Note}", "out", "with names, tags, warning and language", peer="our nodes"
)
@pytest.mark.both
async def test_a_post_with_everything_is_seen_everywhere(nodes: Nodes) -> None:
    ana, ben = await friends(nodes)
    text = f"Nostetaan oikein {ben.acct} #Ergonomia"
    made = await ana.say(text, spoiler_text="nosto", language="fi")
    seen = await ben.sees("Nostetaan oikein")
    assert (seen["uri"], seen["url"]) == (made["uri"], made["url"])
    assert (seen["spoiler_text"], seen["language"], seen["sensitive"]) == ("nosto", "fi", True)
    assert (seen["visibility"], seen["local_only"]) == ("public", False)
    assert [tag["name"] for tag in seen["tags"]] == ["ergonomia"]
    assert [named["acct"] for named in seen["mentions"]] == ["ben"]
    assert seen["account"]["acct"] == ana.acct.removeprefix("@")
    for where in (
        f"/api/v1/accounts/{seen['account']['id']}/statuses",
        "/api/v1/timelines/tag/ergonomia",
        "/api/v1/timelines/public?remote=true",
    ):
        assert [status["uri"] for status in await ben.get(where)] == [made["uri"]], where
    mention = await told(ben, "mention")
    assert mention["status"]["uri"] == made["uri"]


async def test_unlisted_is_seen_by_followers_and_not_listed(nodes: Nodes) -> None:
    ana, ben = await friends(nodes)
    await ana.say("quietly", visibility="unlisted")
    assert (await ben.sees("quietly"))["visibility"] == "unlisted"
    assert await ben.get("/api/v1/timelines/public") == []


async def test_somebody_new_is_found_by_being_mentioned(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    made = await ana.say(f"hello {ben.acct}", visibility="direct")
    assert [named["acct"] for named in made["mentions"]] == [f"ben@{lab.host}"]
    seen = (await told(ben, "mention"))["status"]
    assert (seen["uri"], seen["visibility"]) == (made["uri"], "direct")


@pytest.mark.both
async def test_a_thread_has_the_same_order_and_figures_on_both_nodes(nodes: Nodes) -> None:
    ana, ben = await friends(nodes)
    root = await ana.say("How do you lift?")
    here = await ben.sees("How do you lift?")
    first = await ben.say(f"{ana.acct} from the knees", in_reply_to_id=here["id"])
    at_home = (await told(ana, "mention"))["status"]
    assert (at_home["uri"], at_home["in_reply_to_id"]) == (first["uri"], root["id"])
    second = await ana.say(f"{ben.acct} thank you", in_reply_to_id=at_home["id"])
    third = await ana.say("and one more thing", in_reply_to_id=root["id"])
    await shows(ana, root["id"], replies_count=2)
    await shows(ben, here["id"], replies_count=2)
    expected = [root["uri"], first["uri"], second["uri"], third["uri"]]
    assert await thread_of(ana, root["id"]) == expected

    async def complete() -> bool:
        return await thread_of(ben, here["id"]) == expected

    await until(complete)
    await shows(ben, first["id"], replies_count=1)
    await shows(ana, at_home["id"], replies_count=1)


@pytest.mark.interop("inReplyTo", "in", "what is answered is fetched, upwards", peer="our nodes")
async def test_what_an_answer_answers_is_fetched(nodes: Nodes) -> None:
    hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    root = await ana.say("the beginning")
    seen = await ben.find_post(root["uri"])
    middle = await ben.say("the middle", in_reply_to_id=seen["id"])
    account = await befriend(cy, ben)
    last = await ben.say("the end", in_reply_to_id=middle["id"])
    arrived = await cy.sees("the end", f"/api/v1/accounts/{account['id']}/statuses")

    async def whole() -> bool:
        return await thread_of(cy, arrived["id"]) == [root["uri"], middle["uri"], last["uri"]]

    await until(whole)
    await settled(hq, lab, far)
    home = [status["uri"] for status in await cy.home()]
    assert home == [last["uri"]], "what was only fetched is not pushed into homes"


@pytest.mark.interop(
    "Update{Note}", "out", "the new words, and the old in its history", peer="our nodes"
)
@pytest.mark.both
async def test_an_edit_is_seen_with_its_history(nodes: Nodes) -> None:
    ana, ben = await friends(nodes)
    made = await ana.say("lift from the bak", spoiler_text="tip")
    seen = await ben.sees("lift from the bak")
    assert seen["edited_at"] is None
    await ana.put(f"/api/v1/statuses/{made['id']}", status="lift from the knees #Knees")

    async def changed() -> bool:
        status = await ben.get(f"/api/v1/statuses/{seen['id']}")
        return "from the knees" in status["content"]

    await until(changed)
    now = await ben.get(f"/api/v1/statuses/{seen['id']}")
    mine = await ana.get(f"/api/v1/statuses/{made['id']}")
    assert now["edited_at"] == mine["edited_at"] is not None
    assert [tag["name"] for tag in now["tags"]] == ["knees"]
    history = await ben.get(f"/api/v1/statuses/{seen['id']}/history")
    texts = ["bak" in version["content"] for version in history]
    assert texts == [True, False]
    assert len(await ana.get(f"/api/v1/statuses/{made['id']}/history")) == 2


async def test_an_edit_never_reaches_more_people(nodes: Nodes) -> None:
    ana, ben = await friends(nodes)
    cy = await known(ben.node, "cy")
    made = await ana.say("between us", visibility="private")
    await ben.sees("between us")
    await ana.put(f"/api/v1/statuses/{made['id']}", status=f"now with {cy.acct}")

    async def changed() -> bool:
        return any("now with" in status["content"] for status in await ben.home())

    await until(changed)
    await settled(ana.node, ben.node)
    assert await cy.notifications() == []
    assert await cannot_find(cy, made["uri"])


@pytest.mark.interop("Delete{Tombstone}", "out", "gone from every list", peer="our nodes")
@pytest.mark.both
async def test_a_deleted_post_is_gone_from_every_list(nodes: Nodes) -> None:
    ana, ben = await friends(nodes)
    root = await ana.say("a root")
    answer = await ana.say(f"{ben.acct} a leaf #gone", in_reply_to_id=root["id"])
    await told(ben, "mention")
    there = await ben.sees("a leaf")
    parent = await ben.sees("a root")
    await shows(ben, parent["id"], replies_count=1)
    await ana.delete(f"/api/v1/statuses/{answer['id']}")
    await is_gone(ben, there["id"])
    await shows(ben, parent["id"], replies_count=0)
    assert await thread_of(ben, parent["id"]) == [root["uri"]]
    assert await ben.notifications() == [
        one for one in await ben.notifications() if one["type"] != "mention"
    ]
    for where in (HOME, "/api/v1/timelines/tag/gone", "/api/v1/timelines/public"):
        assert answer["uri"] not in [status["uri"] for status in await ben.get(where)]
    assert await cannot_find(ben, answer["uri"])
