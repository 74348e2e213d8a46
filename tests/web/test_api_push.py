"""Web Push from end to end: an app subscribes, our push service is called, the app reads it."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from sqlalchemy import bindparam, select

from domain.kinds import AccountState
from jobs.queue import Job
from social import apps
from social.pushing import PUSH, send
from storage.queries import accounts, pushes, tokens
from storage.tables.jobs import jobs
from storage.tx import Tx
from tests.support.nodes import Person, RunningNode, until
from tests.support.push_services import App, PushService, push_service, settled, subscribed

_PAYLOADS = select(jobs.c.payload).where(jobs.c.kind == bindparam("kind"))
PATH = "/api/v1/push/subscription"


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as running:
        yield running


async def like(person: Person, status: dict[str, Any]) -> None:
    await person.post(f"/api/v1/statuses/{status['id']}/favourite")


@pytest.mark.operation(
    "POST /api/v1/push/subscription",
    "GET /api/v1/push/subscription",
    "PUT /api/v1/push/subscription",
    "DELETE /api/v1/push/subscription",
)
async def test_an_app_is_told_what_it_asked_for_until_it_says_no(
    ana: Person, bo: Person, service: PushService
) -> None:
    assert (await ana.ask("GET", PATH)).status == 404
    app = await subscribed(ana, service, mention=True)
    shown = await ana.get(PATH)
    assert shown["endpoint"] == service.endpoint("ana")
    assert (shown["alerts"]["mention"], shown["alerts"]["favourite"]) == (True, False)
    assert (await bo.ask("GET", PATH)).status == 404
    posted = await ana.say("Like me")
    await like(bo, posted)
    await bo.say("@ana how <b>are</b> you?")
    (message,) = await service.wait_for(1)
    said = app.read(message)
    line = (await ana.notifications())[0]
    assert said == {
        "access_token": ana.token,
        "preferred_locale": "en",
        "notification_id": int(line["id"]),
        "notification_type": "mention",
        "icon": line["account"]["avatar"],
        "title": "bo wrote to you",
        "body": "@ana how <b>are</b> you?",
    }
    changed = await ana.put(PATH, data={"alerts": {"favourite": True}})
    assert (changed["alerts"]["mention"], changed["alerts"]["favourite"]) == (False, True)
    await bo.say("@ana not this")
    await like(bo, await ana.say("But this"))
    assert app.read((await service.wait_for(2))[1])["title"] == "bo likes your post"
    assert await ana.delete(PATH) == {}
    assert (await ana.ask("GET", PATH)).status == 404
    await like(bo, await ana.say("Nothing of this"))
    await settled(ana)
    assert len(service.received) == 2


async def test_the_node_names_one_key_everywhere_and_signs_with_it(
    node: RunningNode, ana: Person, bo: Person, service: PushService
) -> None:
    app = await subscribed(ana, service, standard=False)
    key = (await ana.get(PATH))["server_key"]
    instance = await ana.get("/api/v2/instance")
    assert instance["configuration"]["vapid"]["public_key"] == key
    registered = await node.ask(
        "POST", "/api/v1/apps", json={"client_name": "x", "redirect_uris": "x://y"}
    )
    assert registered.json["vapid_key"] == key
    await bo.say("@ana the old way")
    (message,) = await service.wait_for(1)
    assert message.headers["Content-Encoding"] == "aesgcm"
    assert message.headers["Crypto-Key"].endswith(f"p256ecdsa={key}")
    assert message.headers["Authorization"].startswith("WebPush ")
    assert app.read(message)["body"] == "@ana the old way"


async def test_every_spelling_of_a_subscription_is_read(ana: Person, service: PushService) -> None:
    app = App()
    sent = app.subscription(service.endpoint(), standard=True, mention=True)["subscription"]
    form = {
        "subscription[endpoint]": sent["endpoint"],
        "subscription[keys][p256dh]": sent["keys"]["p256dh"] + "=",
        "subscription[keys][auth]": sent["keys"]["auth"] + "==",
        "data[alerts][mention]": "true",
        "data[alerts][admin.report]": "0",
        "data[policy]": "followed",
    }
    shown = (await ana.ask("POST", PATH, data=form)).json
    assert (shown["standard"], shown["policy"]) == (False, "followed")
    assert (shown["alerts"]["mention"], shown["alerts"]["admin.report"]) == (True, False)
    query = urlencode(form | {"subscription[standard]": "true", "policy": "all"})
    again = (await ana.ask("POST", f"{PATH}?{query}")).json
    assert again["standard"] is True
    assert again["id"] != shown["id"]


async def test_F01_nothing_is_sent_where_nothing_may_be_sent(ana: Person, bo: Person) -> None:
    app = App()
    refused = [
        *("http://10.0.0.1/x", "https://169.254.169.254/x", "https://[::ffff:10.0.0.1]/x"),
        *("ftp://push.example/x", "https://push.example:25/x", "not an address", ""),
        *(f"{ana.node.origin}/inbox", f"https://push.example/{'x' * 2000}"),
    ]
    for endpoint in refused:
        answer = await ana.ask("POST", PATH, json=app.subscription(endpoint, standard=True))
        assert answer.status == 422, endpoint
    bad = app.subscription("https://push.example/x", standard=True)
    bad["subscription"]["keys"]["auth"] = "AAAA"
    assert (await ana.ask("POST", PATH, json=bad)).status == 422
    odd = app.subscription("https://push.example/x", standard=True)
    odd["data"]["policy"] = "friends"
    assert (await ana.ask("POST", PATH, json=odd)).status == 422
    assert (await ana.ask("GET", PATH)).status == 404
    good = app.subscription("https://push.example/x", standard=True)
    assert (await ana.ask("POST", PATH, json=good)).status == 200


async def test_a_token_needs_the_scope(node: RunningNode) -> None:
    reader = await node.person("reader", scopes="read write")
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert (await reader.ask(method, PATH)).status == 403
    assert (await node.ask("GET", PATH)).status == 401


@pytest.mark.parametrize("status", [404, 410])
async def test_an_address_that_is_gone_is_forgotten(
    ana: Person, bo: Person, service: PushService, status: int
) -> None:
    await subscribed(ana, service)
    service.status = status
    await bo.say("@ana one")
    await service.wait_for(1)

    async def gone() -> bool:
        return (await ana.ask("GET", PATH)).status == 404

    await until(gone)


async def test_a_service_that_is_busy_is_asked_again_later(
    ana: Person, bo: Person, service: PushService
) -> None:
    await subscribed(ana, service)
    service.status = 503
    await bo.say("@ana one")
    await service.wait_for(1)

    async def waits() -> bool:
        return await ana.node.db.read(_tries) == [1]

    await until(waits)
    assert (await ana.get(PATH))["endpoint"]


def _tries(tx: Tx) -> list[int]:
    return [orjson.loads(row[0])[2] for row in tx.all(_PAYLOADS, kind=PUSH)]


@pytest.mark.parametrize(("policy", "heard"), [("followed", ["cy"]), ("none", [])])
async def test_an_app_is_told_of_whom_it_wants_to_hear(
    node: RunningNode, ana: Person, bo: Person, service: PushService, policy: str, heard: list[str]
) -> None:
    cy = await node.person("cy")
    await ana.post(f"/api/v1/accounts/{cy.id}/follow")
    app = await subscribed(ana, service)
    await ana.put(PATH, data={"policy": policy})
    await bo.say("@ana from bo")
    await cy.say("@ana from cy")
    await settled(ana)
    assert [app.read(one)["body"].split()[-1] for one in service.received] == heard


async def _send_all(person: Person, notification_id: int) -> None:
    """Run the job for each subscription of the person, as a worker would that comes late."""
    parts = person.node.parts
    ids = (await parts.db.read(pushes.wanting, [person.id], 1)).get(person.id, [])
    for one in ids:
        job = Job(1, PUSH, [one, notification_id, 0], None, None, 1, 0)
        await send(parts.fetcher, parts.web_push, job)


@pytest.mark.parametrize(
    "ending", ["deleted", "blocked", "token", "account", "filter", "dismissed"]
)
async def test_G37_P08_a_right_that_ended_stops_what_waits(
    ana: Person, bo: Person, service: PushService, ending: str
) -> None:
    posted = await bo.say("@ana soon gone")
    line = (await ana.notifications())[0]
    await subscribed(ana, service)
    await _send_all(ana, int(line["id"]))
    assert len(service.received) == 1  # while the right stands, it is sent
    match ending:
        case "deleted":
            await bo.delete(f"/api/v1/statuses/{posted['id']}")
        case "blocked":
            await ana.post(f"/api/v1/accounts/{bo.id}/block")
        case "token":
            await ana.node.db.write(_revoke_tokens, ana.id)
        case "account":
            await ana.node.db.write(_disable, ana.id)
        case "filter":
            words = {"context": ["notifications"], "filter_action": "hide", "title": "x"}
            await ana.post(
                "/api/v2/filters", **words, keywords_attributes=[{"keyword": "soon gone"}]
            )
        case _:
            await ana.post(f"/api/v1/notifications/{line['id']}/dismiss")
    await _send_all(ana, int(line["id"]))
    assert len(service.received) == 1


def _revoke_tokens(tx: Tx, account_id: int) -> None:
    tokens.revoke_all(tx, account_id)


def _disable(tx: Tx, account_id: int) -> None:
    accounts.set_state(tx, account_id, AccountState.DISABLED)


async def test_what_the_policy_holds_back_rings_nowhere(
    ana: Person, bo: Person, service: PushService
) -> None:
    await subscribed(ana, service)
    await ana.put("/api/v2/notifications/policy", for_not_following="filter")
    await bo.say("@ana psst")
    await ana.put("/api/v2/notifications/policy", for_not_following="accept")
    await bo.say("@ana aloud")
    await service.wait_for(1)
    await settled(ana)
    assert len(service.received) == 1


async def test_a_warning_is_pushed_in_place_of_its_words(
    ana: Person, bo: Person, service: PushService
) -> None:
    app = await subscribed(ana, service)
    await bo.say("@ana the butler", spoiler_text="The end of a novel")
    (message,) = await service.wait_for(1)
    assert app.read(message)["body"] == "The end of a novel"


async def test_a_long_post_comes_shortened_and_fits(
    ana: Person, bo: Person, service: PushService
) -> None:
    app = await subscribed(ana, service)
    await bo.say("@ana " + "öä " * 900)
    (message,) = await service.wait_for(1)
    assert app.read(message)["body"].endswith("…")
    assert len(message.body) <= 4096


async def test_two_apps_of_one_person_are_told_and_end_with_their_tokens(
    node: RunningNode, ana: Person, bo: Person, service: PushService
) -> None:
    issued = await node.db.write(apps.issue, app_id=None, account_id=ana.id, granted="read push")
    tablet = Person(node, ana.id, "tablet", issued.token)
    phone_app, tablet_app = await subscribed(ana, service), await subscribed(tablet, service)
    await bo.say("@ana both")
    by_path = {one.path: one for one in await service.wait_for(2)}
    assert phone_app.read(by_path["/push/ana"])["access_token"] == ana.token
    assert tablet_app.read(by_path["/push/tablet"])["access_token"] == tablet.token
    await node.db.write(_revoke_tokens, ana.id)
    assert await node.db.write(pushes.sweep) == 2
