"""What somebody pins is found at the top of the page on other nodes, and goes again."""

import pytest

from storage.queries import pins
from tests.support.nodes import Json, Nodes, Person, until
from tests.together.stories import become_sisters, befriend, known, settled


async def top(reader: Person, account: Json) -> list[str]:
    """The texts at the top of somebody's page, as this reader finds them."""
    found = await reader.get(f"/api/v1/accounts/{account['id']}/statuses", pinned="true")
    return [status["content"] for status in found]


async def shows(reader: Person, account: Json, *texts: str) -> None:
    async def so() -> bool:
        found = await top(reader, account)
        return len(found) == len(texts) and all(map(str.__contains__, found, texts))

    await until(so)


@pytest.mark.both
@pytest.mark.interop("Add (featured)", "out", "followers find it on the page", peer="our nodes")
async def test_a_follower_elsewhere_sees_what_is_pinned(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    account = await befriend(ben, ana)
    first, second = await ana.say("first words"), await ana.say("second words")
    await ana.post(f"/api/v1/statuses/{first['id']}/pin")
    await shows(ben, account, "first words")
    await ana.post(f"/api/v1/statuses/{second['id']}/pin")
    await shows(ben, account, "second words", "first words")
    await ana.post(f"/api/v1/statuses/{first['id']}/unpin")
    await shows(ben, account, "second words")


@pytest.mark.interop("featured collection", "out", "read by who looks", peer="our nodes")
async def test_who_looks_for_the_first_time_finds_what_was_pinned_before(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    old = await ana.say("old words")
    await ana.say("other words")
    await ana.post(f"/api/v1/statuses/{old['id']}/pin")
    account = await ben.find(ana.acct)
    await top(ben, account)
    await shows(ben, account, "old words")


async def test_what_only_followers_may_read_is_pinned_for_them_alone(nodes: Nodes) -> None:
    hq, lab, far = await nodes.start("hq"), await nodes.start("lab"), await nodes.start("far")
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    await ana.say("for everybody")
    account, there = await befriend(ben, ana), await cy.find(ana.acct)
    secret = await ana.say("for followers", visibility="private")
    await ana.post(f"/api/v1/statuses/{secret['id']}/pin")
    await shows(ben, account, "for followers")
    await top(cy, there)
    await settled(hq, far)
    assert await top(cy, there) == []
    collection = await hq.ask("GET", f"{ana.uri}/featured", headers=AS2)
    assert collection.json["orderedItems"] == []


async def test_what_is_for_everyone_at_work_is_pinned_at_sisters_alone(nodes: Nodes) -> None:
    hq = await nodes.start("hq", public_means="network")
    lab = await nodes.start("lab", public_means="network")
    far = await nodes.start("far")
    await become_sisters(hq, lab)
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    account, there = await ben.follow(ana), await befriend(cy, ana)
    await settled(hq, lab)
    post = await ana.say("at work")
    await settled(hq, lab, far)
    await ana.post(f"/api/v1/statuses/{post['id']}/pin")
    await shows(ben, account, "at work")
    await settled(hq, far)
    assert await top(cy, there) == []


async def test_what_stays_here_is_told_to_nobody(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    account = await befriend(ben, ana)
    post = await ana.say("here alone", local_only=True)
    await ana.post(f"/api/v1/statuses/{post['id']}/pin")
    await settled(hq, lab)
    assert await top(ben, account) == []
    assert await lab.db.read(pins.of, int(account["id"])) == []


async def test_P02_who_may_not_know_of_somebody_sees_no_collection(nodes: Nodes) -> None:
    hq = await nodes.start("hq", public_means="network")
    hidden, shown = await hq.person("hidden"), await known(hq, "shown")
    for person, status in ((hidden, 404), (shown, 200)):
        answer = await hq.ask("GET", f"{person.uri}/featured", headers=AS2)
        assert answer.status == status
    assert (await hq.ask("GET", f"{hq.origin}/a/1234/featured", headers=AS2)).status == 404


AS2 = {"Accept": "application/activity+json"}
