"""A list brought along, and a server that one person shuts out, between two nodes."""

from domain.kinds import ImportKind
from social import imports
from storage.queries import imports as stored
from tests.support.nodes import Nodes, until
from tests.together.stories import befriend, known, settled, standing


async def test_a_list_reaches_other_servers_and_a_server_shut_out_is_quiet(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    her = await befriend(ben, ana)
    content = f"Account address,Show boosts\nben@{lab.host},false\nnobody@{lab.host},true\n"
    number = await hq.db.write(
        imports.begin,
        actor_id=ana.id,
        kind=ImportKind.FOLLOWS,
        overwrite=False,
        name="following_accounts.csv",
        lines=imports.lines_of(ImportKind.FOLLOWS, content.encode()),
    )

    async def asked() -> bool:
        return bool(await ben.get("/api/v1/follow_requests"))

    await until(asked)
    await ben.post(f"/api/v1/follow_requests/{her['id']}/authorize")
    await settled(hq, lab)
    him = (await ana.get("/api/v1/accounts/lookup", acct=f"ben@{lab.host}"))["id"]
    stands = await standing(ana, him)
    assert (stands["following"], stands["showing_reblogs"]) == (True, False)
    assert [line.number for line in await hq.db.read(stored.failed, number, 9)] == [3]

    await ana.post("/api/v1/domain_blocks", domain=lab.host)
    await settled(hq, lab)
    there = await standing(ben, her["id"])
    assert (there["following"], there["followed_by"]) == (False, False)
    here = await standing(ana, him)
    assert (here["domain_blocking"], here["following"], here["followed_by"]) == (True, False, False)
    assert (await ana.ask("POST", f"/api/v1/accounts/{him}/follow")).status == 403
    await ben.post(f"/api/v1/accounts/{her['id']}/follow")
    await ben.say(f"Hello {ana.acct}, do you read this?", visibility="direct")
    await settled(hq, lab)
    assert not (await standing(ben, her["id"]))["requested"]  # refused
    assert await ana.get("/api/v1/follow_requests") == await ana.notifications() == []

    answer = await ana.ask("DELETE", "/api/v1/domain_blocks", data={"domain": lab.host})
    assert answer.status == 200
    await ben.post(f"/api/v1/accounts/{her['id']}/follow")
    await settled(hq, lab)
    assert len(await ana.get("/api/v1/follow_requests")) == 1
