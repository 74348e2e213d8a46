"""How Phanpy, Elk, Tusky and Ice Cubes start, request by request (mastodon-api.md §2).

What they ask for was recorded from the apps, or read in their sources; each test asks the same in
the same order and spelling, and reads the answers as strictly as that app's decoder does.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, FormData

from tests.clients.decoders import DecodingError, IceCubes, Phanpy, Tusky
from tests.support.databases import folder_beside
from tests.support.nodes import Answer, Person, RunningNode, running_node
from tests.support.pictures import picture
from tests.web.gathering import found_club
from tests.web.visitor import browsing

SCOPES = "read write follow push"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().strip("=")

# What a phone makes for itself (P-256, 16 bytes), written with the padding that Ice Cubes leaves.
PUSH_KEY = (
    "BEm_a0bdPDhf0SOsrnB2-ategf1hHoCnpXgQsFj5JCkcoMrMt2WHoPfEYOYPzOIs9mZE8ZUaD7VA5vouy0kEkr8="
)
PUSH_AUTH = "eH_C8rq2raXqlcBVDa1gLg=="


@pytest.fixture
async def node(new_database_url: Callable[[], str]) -> AsyncIterator[RunningNode]:
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "hq", public_means="network") as running:
        yield running


@pytest.fixture
async def ana(node: RunningNode) -> Person:
    """Whose app starts; at home there is some of everything."""
    ana, bo = await node.person("ana"), await node.person("bo")
    await bo.post(f"/api/v1/accounts/{ana.id}/follow")
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    club = await found_club(bo, ana)
    form = FormData()
    form.add_field("file", picture(), filename="knot.png")
    file = (await bo.ask("POST", "/api/v2/media", data=form)).json
    first = await bo.say("A knot, #bowline", media_ids=[file["id"]], spoiler_text="Knots")
    poll = {"options": ["Left", "Right"], "expires_in": 3600}
    await bo.say("Which hand?", poll=poll)
    await bo.say("Said again", quoted_status_id=first["id"], visibility="unlisted")
    await ana.post(f"/api/v1/statuses/{first['id']}/reblog")
    await bo.say("@ana yes?", in_reply_to_id=first["id"], visibility="direct")
    await bo.say(f"@club for us alone, {club.id}")
    for number in range(32):
        await bo.say(f"Line {number}", visibility="private")
    await bo.post(f"/api/v1/statuses/{first['id']}/favourite")
    own = await ana.say("Mine")
    await bo.post(f"/api/v1/statuses/{own['id']}/favourite")
    return ana


class App:
    """One app that starts: what it asks, with its token once it has one."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.node = person.node
        self.token = ""

    async def ask(self, method: str, path: str, **given: Any) -> Answer:
        """A request that must succeed."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = await self.node.ask(method, path, headers=headers, **given)
        assert answer.status == 200, f"{method} {path}: {answer.status} {answer.text[:200]}"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        return answer

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET that must succeed."""
        return (await self.ask("GET", path, params=params)).json

    async def together(self, *paths: str) -> list[Any]:
        """What several GETs that are sent at once answer."""
        return await asyncio.gather(*(self.get(path) for path in paths))

    async def allow(self, app: Any, path: str = "/oauth/authorize", **more: str) -> str:
        """The person opens the page in a browser and presses the button; the code."""
        asked = {
            "client_id": app["client_id"],
            "redirect_uri": app["redirect_uri"],
            "response_type": "code",
            "scope": SCOPES,
        }
        async with browsing(self.node, self.person) as browser:
            page = await browser.get(f"{path}?{urlencode(asked | more)}")
            allowed = await browser.submit(page, "/oauth/authorize", decision="allow")
        assert allowed.location.startswith(app["redirect_uri"])
        return dict(parse_qsl(urlsplit(allowed.location).query))["code"]

    async def redeem(self, app: Any, code: str, form: str, **more: str) -> Any:
        """Exchange the code, in a form or in JSON; the token."""
        sent = {
            "grant_type": "authorization_code",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "redirect_uri": app["redirect_uri"],
            "code": code,
            "scope": SCOPES,
        }
        token = (await self.ask("POST", "/oauth/token", **{form: sent | more})).json
        assert set(token["scope"].split()) == set(SCOPES.split())
        self.token = token["access_token"]
        return token

    async def home(self, limit: int) -> list[Any]:
        """Two pages, the second by the last id of the first."""
        first = await self.get("/api/v1/timelines/home", limit=limit)
        assert len(first) == limit
        second = await self.get("/api/v1/timelines/home", limit=limit, max_id=first[-1]["id"])
        assert second
        assert not {one["id"] for one in first} & {one["id"] for one in second}
        return [*first, *second]

    @asynccontextmanager
    async def listening(self, url: str, *streams: str) -> AsyncIterator[ClientWebSocketResponse]:
        """A WebSocket with the token as its protocol, and these subscriptions."""
        address = f"{self.node.base.replace('http', 'ws')}{urlsplit(url).path}/api/v1/streaming"
        async with (
            ClientSession() as session,
            session.ws_connect(address, protocols=[self.token]) as socket,
        ):
            assert socket.protocol == self.token
            for stream in streams:
                await socket.send_json({"type": "subscribe", "stream": stream})
            await socket.send_str("?")
            await socket.receive(timeout=30)  # asked in order: the subscriptions stand
            yield socket

    async def live(self, url: str, *streams: str) -> Any:
        """A frame over a WebSocket that a post of one's own makes."""
        async with self.listening(url, *streams) as socket:
            await self.ask("POST", "/api/v1/statuses", json={"status": "Right now"})
            return orjson.loads((await socket.receive(timeout=30)).data)


async def test_phanpy_starts(ana: Person) -> None:
    app = App(ana)
    host_meta = await app.ask("GET", "/.well-known/host-meta")
    assert f'template="{app.node.origin}/.well-known/webfinger?resource={{uri}}"' in host_meta.text
    wanted = {"client_name": "Phanpy", "redirect_uris": "http://127.0.0.1:8090/", "scopes": SCOPES}
    made = (await app.ask("POST", "/api/v1/apps", data=wanted)).json
    metadata = await app.get("/.well-known/oauth-authorization-server")
    assert "S256" in metadata["code_challenge_methods_supported"]
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code = await app.allow(made, **pkce)
    await app.redeem(made, code, "data", code_verifier=VERIFIER)
    _, me, instance = await app.together(
        *("/api/v1/preferences", "/api/v1/accounts/verify_credentials", "/api/v2/instance"),
    )
    assert me["acct"] == "ana"
    for link in (await app.get("/.well-known/nodeinfo"))["links"][:2]:
        document = await app.node.ask("GET", link["href"])
        assert document.json["software"]["name"] == "tertulia"
        # A browser does not let it read this one: it takes us for Mastodon, and shows all it can.
        assert "Access-Control-Allow-Origin" not in document.headers
    for status in await app.home(20):
        Phanpy.status(status)
    assert await app.get("/api/v1/followed_tags", limit=200) == []
    url = instance["configuration"]["urls"]["streaming"]
    async with app.listening(url, "user", "user:notification") as socket:
        post = await ana.say("Right now")
        frame = orjson.loads((await socket.receive(timeout=30)).data)
        assert (frame["stream"], frame["event"]) == (["user"], "update")
        Phanpy.status(orjson.loads(frame["payload"]))
        cy = await app.node.person("cy")
        await cy.post(f"/api/v1/statuses/{post['id']}/favourite")
        told = [orjson.loads((await socket.receive(timeout=30)).data) for _ in range(2)]
    assert [one["event"] for one in told] == ["notification"] * 2
    assert sorted(one["stream"] for one in told) == [["user"], ["user:notification"]]
    notice = orjson.loads(told[1]["payload"])
    assert (notice["type"], notice["account"]["acct"]) == ("favourite", "cy")
    Phanpy.status(notice["status"])


async def test_elk_starts(ana: Person) -> None:
    app = App(ana)
    back = "https://elk.example/api/hq.localhost/oauth/https%3A%2F%2Felk.example"
    wanted = {"client_name": "Elk", "redirect_uris": back, "scopes": SCOPES}
    made, instance = await asyncio.gather(
        app.ask("POST", "/api/v1/apps", json=wanted), app.get("/api/v2/instance")
    )
    code = await app.allow(made.json, force_login="false", lang="en-US")
    await app.redeem(made.json, code, "json")
    software = (await app.node.ask("GET", "/nodeinfo/2.0")).json
    assert software["software"]["name"] == "tertulia"
    assert instance["domain"] == app.node.host
    await app.together(
        *("/api/v2/instance", "/api/v1/accounts/verify_credentials", "/api/v1/preferences"),
    )
    headers = {"Authorization": f"Bearer {app.token}"}
    none = await app.node.ask("GET", "/api/v1/push/subscription", headers=headers)
    assert (none.status, list(none.json)) == (404, ["error"])
    await app.get("/api/v1/followed_tags")
    for status in await app.home(30):
        Phanpy.status(status)
    streaming = instance["configuration"]["urls"]["streaming"]
    assert urlsplit(streaming).path == ""
    frame = await app.live(streaming, "user", "user:notification")
    assert frame["event"] == "update"


async def test_tusky_starts(ana: Person) -> None:
    app = App(ana)
    back = "oauth2redirect://com.keylesspalace.tusky/"
    wanted = {
        "client_name": "Tusky",
        "redirect_uris": back,
        "scopes": SCOPES,
        "website": "https://tusky.app",
    }
    made = (await app.ask("POST", "/api/v1/apps", data=wanted)).json
    await app.redeem(made, await app.allow(made), "data")
    await app.get("/api/v1/accounts/verify_credentials")
    Tusky.instance(await app.get("/api/v2/instance"))
    lists = (await app.together("/api/v2/filters", "/api/v1/custom_emojis", "/api/v1/lists"))[2]
    assert [one["title"] for one in lists] == ["Safe Lifting"]
    assert await app.get("/api/v1/announcements") == []
    assert (await app.ask("GET", "/api/v1/markers?timeline[]=notifications")).json == {}
    for status in await app.home(20):
        Tusky.status(status)
    notices = await app.get("/api/v1/notifications", limit=30)
    assert {"mention", "favourite", "follow"} <= {one["type"] for one in notices}
    for notice in notices:
        if "status" in notice:
            Tusky.status(notice["status"])
    people = {one["account"]["id"] for one in notices}
    for stands in await app.get("/api/v1/accounts/relationships", **{"id[]": sorted(people)}):
        Tusky.relationship(stands)


async def test_ice_cubes_starts(ana: Person) -> None:
    app = App(ana)
    for _keystroke in range(2):
        IceCubes.instance(await app.get("/api/v2/instance"))
    wanted = {"client_name": "IceCubes", "redirect_uris": "icecubesapp://", "scopes": SCOPES}
    made = (await app.ask("POST", "/api/v1/apps", json=wanted)).json
    IceCubes.application(made)
    IceCubes.token(await app.redeem(made, await app.allow(made), "json"))
    IceCubes.account(await app.get("/api/v1/accounts/verify_credentials"))
    asked = {
        "subscription[endpoint]": "https://relay.example/push/1",
        "subscription[keys][p256dh]": PUSH_KEY,
        "subscription[keys][auth]": PUSH_AUTH,
        "data[alerts][mention]": "true",
        "data[policy]": "all",
    }
    pushed = await app.ask("POST", "/api/v1/push/subscription", params=asked)
    assert pushed.json["alerts"]["mention"] is True
    instance, lists, tags, _ = await app.together(
        *("/api/v2/instance", "/api/v1/lists", "/api/v1/followed_tags"),
        "/api/v1/markers?timeline[]=home&timeline[]=notifications",
    )
    assert (len(lists), tags) == (1, [])
    for status in await app.home(20):
        IceCubes.status(status)
    for group in (await app.get("/api/v2/notifications"))["notification_groups"]:
        IceCubes.group(group)
    frame = await app.live(instance["configuration"]["urls"]["streaming"], "user")
    IceCubes.frame(frame)
    IceCubes.status(orjson.loads(frame["payload"]))


async def test_toot_and_mastodon_py_spell_addresses_with_a_slash(ana: Person) -> None:
    app = App(ana)
    wanted = {
        "client_name": "toot",
        "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
        "scopes": SCOPES,
    }
    made = (await app.ask("POST", "/api/v1/apps/", json=wanted)).json
    asked = {"client_id": made["client_id"], "redirect_uri": made["redirect_uri"]}
    asked |= {"response_type": "code", "scope": SCOPES}
    async with browsing(app.node, ana) as browser:
        page = await browser.get(f"/oauth/authorize/?{urlencode(asked)}")
        shown = await browser.submit(page, "/oauth/authorize", decision="allow")
    field = shown.tree.css_first("#code, input[readonly]")
    assert field is not None
    code = field.attributes.get("value") or field.text(strip=True)
    assert len(code) > 10  # Tuba takes no shorter one
    await app.redeem(made, code, "data")
    assert (await app.get("/api/v2/instance/"))["domain"] == app.node.host
    assert (await app.get("/api/v1/instance/"))["uri"] == app.node.host


async def test_decoders_throw_away_what_the_apps_do(ana: Person) -> None:
    [whole] = await ana.home(limit=1)
    broken: list[tuple[Callable[[Any], None], dict[str, Any]]] = [
        (Phanpy.status, {"media_attachments": None}),
        (Phanpy.status, {"account": {"username": "ana", "acct": None}}),
        (Tusky.status, {"spoiler_text": None}),
        (Tusky.status, {"pinned": None}),
        (Tusky.status, {"poll": {"own_votes": None}}),
        (IceCubes.status, {"visibility": "local"}),
        (IceCubes.status, {"created_at": "2026-11-22T09:00:00Z"}),
    ]
    for decoder, fields in broken:
        decoder(whole)
        with pytest.raises(DecodingError):
            decoder(whole | fields)
