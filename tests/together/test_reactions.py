"""Likes and shares across nodes: counted and told where the author lives, and taken back."""

import pytest

from tests.support.nodes import Nodes, until
from tests.together.stories import befriend, cannot_find, known, settled, shows, told


@pytest.mark.interop("Like", "out", "is counted and told", peer="our nodes")
@pytest.mark.interop("Undo{Like}", "out", "is counted no more", peer="our nodes")
@pytest.mark.both
async def test_a_like_is_counted_and_told_and_taken_back(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)
    made = await ana.say("worth it")
    seen = await ben.sees("worth it")
    liked = await ben.post(f"/api/v1/statuses/{seen['id']}/favourite")
    assert (liked["favourited"], liked["favourites_count"]) == (True, 1)
    await shows(ana, made["id"], favourites_count=1)
    notice = await told(ana, "favourite")
    assert (notice["account"]["uri"], notice["status"]["uri"]) == (ben.uri, made["uri"])
    by = await ana.get(f"/api/v1/statuses/{made['id']}/favourited_by")
    assert [account["uri"] for account in by] == [ben.uri]
    await ben.post(f"/api/v1/statuses/{seen['id']}/unfavourite")
    await shows(ana, made["id"], favourites_count=0)
    assert "favourite" not in [one["type"] for one in await ana.notifications()]
    await ben.post(f"/api/v1/statuses/{seen['id']}/favourite")
    await shows(ana, made["id"], favourites_count=1)


@pytest.mark.interop(
    "Announce", "out", "a share: is counted, told, and reaches followers", peer="our nodes"
)
@pytest.mark.both
async def test_a_share_is_counted_and_told_and_reaches_followers(nodes: Nodes) -> None:
    hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    await befriend(ben, ana)
    await befriend(cy, ben)
    made = await ana.say("pass it on")
    seen = await ben.sees("pass it on")
    share = await ben.post(f"/api/v1/statuses/{seen['id']}/reblog")
    assert share["reblog"]["uri"] == made["uri"]
    await shows(ana, made["id"], reblogs_count=1)
    notice = await told(ana, "reblog")
    assert (notice["account"]["uri"], notice["status"]["uri"]) == (ben.uri, made["uri"])
    relayed = await cy.sees("pass it on")
    assert relayed["account"]["uri"] == ben.uri
    assert (relayed["reblog"]["uri"], relayed["reblog"]["account"]["uri"]) == (
        made["uri"],
        ana.uri,
    )
    await ben.post(f"/api/v1/statuses/{seen['id']}/unreblog")
    await shows(ana, made["id"], reblogs_count=0)

    async def nothing_left() -> bool:
        return await cy.home() == []

    await until(nothing_left)
    assert "reblog" not in [one["type"] for one in await ana.notifications()]


async def test_posts_for_few_are_not_shared(nodes: Nodes) -> None:
    hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    await befriend(ben, ana)
    await befriend(cy, ben)
    made = await ana.say("for followers", visibility="private")
    seen = await ben.sees("for followers")
    for person, status_id in ((ben, seen["id"]), (ana, made["id"])):
        answer = await person.ask("POST", f"/api/v1/statuses/{status_id}/reblog")
        assert answer.status in {403, 404, 422}
    await settled(hq, lab, far)
    assert await cy.home() == []
    assert await cannot_find(cy, made["uri"])


async def test_a_like_of_a_post_for_few_is_told_to_its_author_alone(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)
    made = await ana.say("for followers", visibility="private")
    seen = await ben.sees("for followers")
    await ben.post(f"/api/v1/statuses/{seen['id']}/favourite")
    assert (await told(ana, "favourite"))["status"]["uri"] == made["uri"]
