"""F01: an app names where it is told, so that address is judged as any other: when it is named, and
again each time when something is sent."""

from domain.pushes import packed
from federation.web_push import Recipient
from social.pushing import Device, Wish, subscribe
from social.signin import identify
from storage.tx import Tx
from tests.hostile.planting import FEW
from tests.hostile.test_forbidden_addresses import ONLY_US, quiet
from tests.support.listeners import Canary, watch_connects
from tests.support.nodes import Nodes, Person, until
from tests.support.push_services import KINDS, App

PATH = "/api/v1/push/subscription"


def _keep(tx: Tx, token: str, endpoint: str) -> None:
    """A subscription as it would be here if its name led somewhere else by now."""
    app, identity = App(), identify(tx, token)
    assert identity is not None
    device = Device(endpoint, Recipient(app.point, app.auth, standard=True), b"")
    subscribe(
        tx,
        actor_id=identity.actor_id,
        token_id=identity.token_id,
        device=device,
        wish=Wish(packed(KINDS)),
    )


async def _told(ana: Person, bo: Person, endpoint: str) -> None:
    await ana.node.db.write(_keep, ana.token, endpoint)
    await bo.say("@ana hello", visibility="public")


async def test_F01_no_push_goes_to_a_forbidden_address(nodes: Nodes) -> None:
    node = await nodes.start("hq", allow_private_networks=ONLY_US)
    ana, bo = await node.person("ana"), await node.person("bo")
    with Canary() as canary, watch_connects() as watch:
        for host in FEW:
            url = f"http://{host}:{canary.port}/push"
            refused = await ana.ask("POST", PATH, json=App().subscription(url, standard=True))
            assert refused.status == 422
            await _told(ana, bo, url)
            await quiet(node)
        assert {to for to in watch.connects if to != "127.0.0.1"} == set()
        assert canary.touches() == 0


async def test_F01_the_same_push_reaches_a_permitted_address(nodes: Nodes) -> None:
    node = await nodes.start("hq", allow_private_networks=ONLY_US)
    ana, bo = await node.person("ana"), await node.person("bo")
    with Canary("127.0.0.1") as canary:
        url = f"http://push.localhost:{canary.port}/push"
        for port in (25, 6379):  # where no web server listens
            other = App().subscription(f"http://push.localhost:{port}/push", standard=True)
            assert (await ana.ask("POST", PATH, json=other)).status == 422
        taken = await ana.ask("POST", PATH, json=App().subscription(url, standard=True))
        assert taken.status == 200
        await _told(ana, bo, url)

        async def reached() -> bool:
            return canary.touches() > 0

        await until(reached)
