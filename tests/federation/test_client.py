"""The outgoing client refuses what it must, and reaches what it may."""

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest
import trustme
from aiohttp import ClientError, ClientSession, ClientTimeout

from domain.addresses import AddressPolicy
from federation.client import (
    PUBLIC_TEXT,
    Client,
    Limits,
    Refused,
    Response,
    Unreachable,
    guarded_sockets,
)
from federation.resolver import AddressRefused, SystemResolver
from server.settings import Settings
from tests.support.listeners import (
    Canary,
    FakeResolver,
    Seen,
    closed_port,
    filtered_port,
    reply,
    scripted_server,
    watch_connects,
)

ONLY_ONE = AddressPolicy.parse("127.0.0.1/32")
JSON = "application/activity+json"
MIB = 1 << 20

KINDS = {
    "loopback": "127.0.0.2",
    "loopback v6": "::1",
    "unspecified": "0.0.0.0",
    "unspecified v6": "::",
    "rfc1918 10": "10.0.0.1",
    "rfc1918 172": "172.16.0.1",
    "rfc1918 192": "192.168.0.1",
    "link-local": "169.254.1.1",
    "link-local v6": "fe80::1",
    "metadata": "169.254.169.254",
    "carrier": "100.64.0.1",
    "ula": "fd00::1",
    "site-local": "fec0::1",
    "mapped": "::ffff:7f00:1",
    "compatible": "::7f00:1",
    "nat64": "64:ff9b::7f00:1",
    "6to4": "2002:7f00:1::1",
    "teredo": "2001:0:7f00:1::1",
    "benchmark": "198.18.0.1",
    "protocol": "192.0.0.1",
    "6to4 relay": "192.88.99.1",
    "multicast": "224.0.0.1",
    "broadcast": "255.255.255.255",
    "documentation": "192.0.2.1",
}

Call = Callable[[Client, str], Awaitable[Response]]


async def _fetch(client: Client, url: str) -> Response:
    return await client.fetch(url, accept=JSON)


async def _post(client: Client, url: str) -> Response:
    return await client.post(url, b"{}", {"Content-Type": JSON})


CALLS = pytest.mark.parametrize("call", [_fetch, _post], ids=["fetch", "post"])


def _client(
    names: dict[str, list[list[str]]] | None = None,
    *,
    policy: AddressPolicy = ONLY_ONE,
    limits: Limits | None = None,
    own_origin: str | None = None,
    tls_ca_file: str | None = None,
) -> Client:
    return Client(
        policy,
        "Tertulia/test",
        resolver=FakeResolver(names),
        limits=limits,
        own_origin=own_origin,
        tls_ca_file=tls_ca_file,
    )


def _hello(_: Seen) -> bytes:
    return reply(b"hello")


@CALLS
@pytest.mark.parametrize("how", ["literal", "name"])
@pytest.mark.parametrize("kind", KINDS)
async def test_F01_target_matrix_is_refused_without_a_packet(
    kind: str, how: str, call: Call
) -> None:
    address = KINDS[kind]
    literal = f"[{address}]" if ":" in address else address
    host = literal if how == "literal" else "a.example"
    with Canary() as canary, watch_connects() as watch:
        async with _client({"a.example": [[address]]}) as client:
            for scheme in ("https", "http"):
                with pytest.raises(Refused):
                    await call(client, f"{scheme}://{host}:{canary.port}/inbox")
        assert watch.connects == []
        assert watch.lookups == []
        assert canary.touches() == 0


@CALLS
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "hq.localhost", "a.example"])
async def test_F01_a_permitted_address_is_reached(host: str, call: Call) -> None:
    async with (
        scripted_server(_hello) as server,
        _client({"a.example": [["127.0.0.1"]]}) as client,
    ):
        answer = await call(client, server.url("/x?y=1", host))
        assert (answer.status, answer.body) == (200, b"hello")
        assert server.seen[0].target == "/x?y=1"
        assert server.seen[0].headers["host"] == f"{host}:{server.port}" == answer.url.authority
        assert server.seen[0].headers["user-agent"] == "Tertulia/test"


@CALLS
async def test_F01_localhost_is_refused_without_allowed_networks(call: Call) -> None:
    async with scripted_server(_hello) as server, _client(policy=AddressPolicy()) as client:
        for host in ("localhost", "hq.localhost", "127.0.0.1"):
            for scheme in ("http", "https"):
                with pytest.raises(Refused):
                    await call(client, f"{scheme}://{host}:{server.port}/")
        assert server.connections == 0


def test_F01_the_socket_itself_is_refused_for_a_forbidden_address() -> None:
    make = guarded_sockets(ONLY_ONE.permits)
    for family, address in ((2, ("127.0.0.2", 80)), (10, ("::ffff:127.0.0.1", 80, 0, 0))):
        with pytest.raises(AddressRefused):
            make((family, 1, 6, "", address))
    make((2, 1, 6, "", ("127.0.0.1", 80))).close()


async def test_localhost_names_never_ask_a_resolver() -> None:
    resolver = FakeResolver({"hq.localhost": [["127.0.0.2"]]})
    async with (
        scripted_server(_hello) as server,
        Client(ONLY_ONE, "t", resolver=resolver) as client,
    ):
        assert (await client.fetch(server.url("/", "hq.localhost"), accept=JSON)).ok
    assert resolver.asked == []


async def test_the_system_resolver_finds_names_and_closes() -> None:
    resolver = SystemResolver()
    assert {"127.0.0.1", "::1"} & set(await resolver.addresses("localhost"))
    resolver.close()


@CALLS
@pytest.mark.parametrize(
    "host",
    [
        *("127.1", "0x7f.1", "2130706433", "0177.0.0.1", "\uff11\uff12\uff17.0.0.1"),
        *("[::ffff:7f00:1]", "[::1%25lo]", "[fe80::1%25eth0]", "127.0.0.1.", "localhost."),
    ],
)
async def test_F02_number_forms_are_refused(host: str, call: Call) -> None:
    with Canary() as canary, watch_connects() as watch:
        async with _client(policy=AddressPolicy.parse("127.0.0.0/8 ::1/128")) as client:
            with pytest.raises(Refused):
                await call(client, f"http://{host}:{canary.port}/")
        assert (watch.connects, watch.lookups, canary.touches()) == ([], [], 0)


@CALLS
@pytest.mark.parametrize(
    "text",
    [
        *("file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "data:,x", "unix:/x"),
        *("https://x.onion/", "https://x.local/", "https://x.internal/", "https://intranet/"),
        *("https://a.example:22/", "https://a.example:5432/", "https://a.example:0/"),
        *("https://u@a.example/", "https://a.example\\@b.example/", "https://a\u3002example/"),
        *("https://a%2eexample/", "https://a.exa\tmple/", "https://a.example#@b.example/"),
    ],
)
async def test_F05_F06_F07_refused_before_any_look_up(text: str, call: Call) -> None:
    resolver = FakeResolver({"a.example": [["127.0.0.1"]]})
    with watch_connects() as watch:
        async with Client(ONLY_ONE, "t", resolver=resolver) as client:
            with pytest.raises(Refused):
                await call(client, text)
    assert (resolver.asked, watch.connects, watch.lookups) == ([], [], [])


async def test_F05_http_to_a_name_is_refused_before_dns_in_production() -> None:
    resolver = FakeResolver({"a.example": [["93.184.216.34"]]})
    async with Client(AddressPolicy(), "t", resolver=resolver) as client:
        with pytest.raises(Refused):
            await client.fetch("http://a.example/", accept=JSON)
    assert resolver.asked == []


@CALLS
async def test_F10_every_failure_looks_the_same_to_a_caller(call: Call) -> None:
    def missing(_: Seen) -> bytes:
        return reply(b"secret body", status="404 Not Found")

    texts = []
    async with (
        scripted_server(missing) as server,
        _client(limits=Limits(connect=0.2)) as client,
    ):
        with (
            filtered_port() as filtered,
            closed_port() as closed,
            closed_port("127.0.0.2") as closed_and_forbidden,
            Canary("127.0.0.2") as open_but_forbidden,
        ):
            for url in (
                f"http://127.0.0.2:{open_but_forbidden.port}/",
                f"http://127.0.0.2:{closed_and_forbidden}/",
                f"http://127.0.0.1:{closed}/",
                f"http://127.0.0.1:{filtered}/",
                f"http://nobody.example:{filtered}/",
                server.url("/missing"),
            ):
                with pytest.raises(Unreachable) as failure:
                    (await call(client, url)).require_ok()
                texts.append((str(failure.value), failure.value.args))
            assert open_but_forbidden.touches() == 0
    assert texts == [(PUBLIC_TEXT, (PUBLIC_TEXT,))] * 6


@CALLS
async def test_F11_our_own_server_is_refused(call: Call) -> None:
    async with (
        scripted_server(_hello) as own,
        scripted_server(_hello) as other,
        _client(own_origin=own.url("", "hq.localhost")) as client,
    ):
        for host in ("hq.localhost", "HQ.localhost", "127.0.0.1", "localhost"):
            with pytest.raises(Refused):
                await call(client, own.url("/admin", host))
        assert own.connections == 0
        assert (await call(client, other.url("/", "hq.localhost"))).ok
        assert (await call(client, other.url("/", "lab.localhost"))).ok


async def test_F11_the_other_scheme_is_the_same_server() -> None:
    async with _client({"a.example": [["127.0.0.1"]]}, own_origin="https://a.example") as client:
        for url in ("http://a.example/", "https://a.example/", "https://a.example:443/x"):
            with pytest.raises(Refused) as failure:
                await client.fetch(url, accept=JSON)
            assert failure.value.reason == "this is our own server"


def _through(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """The environment of a process that shall use a proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)


@CALLS
async def test_F12_proxy_variables_are_ignored(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing configures a proxy: behind one, no address could be checked (F01)."""
    with Canary() as proxy:
        _through(monkeypatch, proxy.port)
        async with scripted_server(_hello) as server, _client() as client:
            assert (await call(client, server.url())).body == b"hello"
        assert proxy.touches() == 0
    incoming = "proxies"  # whose X-Forwarded-For is believed: of requests that come in
    assert [field.name for field in fields(Settings) if "prox" in field.name] == [incoming]


async def test_F12_who_asks_for_a_proxy_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive twin: a client that is told to trust this environment goes to the proxy."""
    with Canary() as proxy:
        _through(monkeypatch, proxy.port)
        async with scripted_server(_hello) as server, ClientSession(trust_env=True) as session:
            with suppress(ClientError, TimeoutError):
                await session.get(server.url(), timeout=ClientTimeout(sock_read=0.5))
            assert server.connections == 0
        assert proxy.touches() > 0


async def test_deliveries_reuse_their_connection_and_carry_no_cookies() -> None:
    def answer(_: Seen) -> bytes:
        return reply(status="202 Accepted", headers={"Set-Cookie": "id=1; Path=/"})

    async with scripted_server(answer) as server, _client() as client:
        url = server.url("/inbox", "hq.localhost")  # a name: addresses get no cookies anyway
        for _ in range(3):
            assert (await _post(client, url)).status == 202
        assert (await _fetch(client, url)).status == 202
        assert server.connections == 2  # one for deliveries, one for documents
        assert all("cookie" not in seen.headers for seen in server.seen)
        assert server.seen[0].body == b"{}"
        assert server.seen[0].headers["content-type"] == JSON


async def test_headers_that_are_not_the_callers_are_refused() -> None:
    async with scripted_server(_hello) as server, _client() as client:
        for name, value in (("Host", "evil.example"), ("Cookie", "a=b"), ("content-length", "1")):
            with pytest.raises(ValueError, match="not the caller's"):
                await client.post(server.url(), b"", {name: value})
        assert server.connections == 0
        authority = f"127.0.0.1:{server.port}"
        assert (await client.post(server.url(), b"", {"Host": authority})).ok
        assert server.seen[0].headers["host"] == authority


async def test_a_closed_client_reaches_nobody() -> None:
    async with scripted_server(_hello) as server:
        client = _client()
        assert (await _fetch(client, server.url())).ok
        await client.close()
        with pytest.raises(Unreachable):
            await _fetch(client, server.url())


@CALLS
async def test_tls_trusts_the_named_authority_and_only_the_right_name(
    call: Call, tmp_path: Path
) -> None:
    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("a.example").configure_cert(context)
    names = {"a.example": [["127.0.0.1"]], "b.example": [["127.0.0.1"]]}
    async with scripted_server(_hello, tls=context) as server:
        async with _client(names, tls_ca_file=str(ca_file)) as client:
            assert (await call(client, server.url("/", "a.example"))).body == b"hello"
            with pytest.raises(Unreachable):
                await call(client, server.url("/", "b.example"))
        async with _client(names) as stranger:
            with pytest.raises(Unreachable):
                await call(stranger, server.url("/", "a.example"))
        assert len(server.seen) == 1
