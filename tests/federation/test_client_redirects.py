"""Redirects and name answers that change: each hop is judged as if it were the first."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import trustme

from domain.addresses import AddressPolicy, Url
from federation.client import Client, Refused, TimedOut, Unreachable
from tests.support.listeners import (
    Canary,
    FakeResolver,
    Seen,
    redirect,
    reply,
    scripted_server,
    watch_connects,
)

ONLY_ONE = AddressPolicy.parse("127.0.0.1/32")
ANY = "*/*"
STATUSES = [301, 302, 303, 307, 308]


def _client(names: dict[str, list[list[str]]] | None = None, **more: str) -> Client:
    return Client(ONLY_ONE, "Tertulia/test", resolver=FakeResolver(names), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "place",
    [
        *("http://127.0.0.2:{port}/", "https://10.0.0.1:{port}/", "http://[::1]:{port}/"),
        *("http://[::ffff:7f00:1]:{port}/", "//127.0.0.2:{port}/", "http://inside.example:{port}/"),
        *("http://2130706433:{port}/", "file:///etc/passwd", "http://u@127.0.0.1:{port}/"),
        *("http://127.0.0.1:22/", "http:127.0.0.2:{port}", "///127.0.0.2:{port}/"),
    ],
)
async def test_F03_a_redirect_inside_is_refused_at_the_hop(place: str, status: int) -> None:
    with Canary() as canary:
        location = place.format(port=canary.port)
        async with (
            scripted_server(lambda _: redirect(location, status)) as server,
            _client({"inside.example": [["127.0.0.2"]]}) as client,
        ):
            with watch_connects() as watch, pytest.raises(Refused):
                await client.fetch(server.url(), accept=ANY)
            assert set(watch.connects) == {"127.0.0.1"}
            assert len(server.seen) == 1
        assert canary.touches() == 0


@pytest.mark.parametrize("status", STATUSES)
async def test_F03_a_redirect_to_a_permitted_place_is_followed(status: int) -> None:
    def answer(seen: Seen) -> bytes:
        return redirect("../there?x=1#part", status) if seen.target == "/a/b" else reply(b"here")

    async with scripted_server(answer) as server, _client() as client:
        found = await client.fetch(server.url("/a/b"), accept=ANY)
        assert found.body == b"here"
        assert str(found.url) == server.url("/there?x=1")
        assert [seen.method for seen in server.seen] == ["GET", "GET"]


async def test_F03_alternates_and_refreshes_are_never_followed() -> None:
    with Canary() as canary:
        place = f"http://127.0.0.1:{canary.port}/"
        page = f"""<html><head><meta http-equiv="refresh" content="0;url={place}">
        <link rel="alternate" type="application/activity+json" href="{place}"></head></html>"""
        headers = {
            "Content-Type": "text/html",
            "Link": f'<{place}>; rel="alternate"; type="application/activity+json"',
            "Refresh": f"0; url={place}",
            "Location": place,
            "Content-Location": place,
        }
        async with (
            scripted_server(lambda _: reply(page.encode(), headers=headers)) as server,
            _client() as client,
        ):
            assert (await client.fetch(server.url(), accept=ANY)).body == page.encode()
        assert canary.touches() == 0


@pytest.mark.parametrize("status", STATUSES)
async def test_F03_a_delivery_is_never_redirected(status: int) -> None:
    with Canary() as canary:
        place = f"http://127.0.0.1:{canary.port}/"
        async with (
            scripted_server(lambda _: redirect(place, status)) as server,
            _client() as client,
        ):
            assert (await client.post(server.url(), b"{}", {})).status == status
            assert len(server.seen) == 1
        assert canary.touches() == 0


@pytest.mark.parametrize("count", [0, 2])
async def test_F03_a_redirect_needs_exactly_one_location(count: int) -> None:
    answer = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + b"Location: /x\r\n" * count + b"\r\n"
    async with scripted_server(lambda _: answer) as server, _client() as client:
        with pytest.raises(Unreachable):
            await client.fetch(server.url(), accept=ANY)
        assert len(server.seen) == 1


async def test_F04_an_answer_that_turns_private_is_refused() -> None:
    def once(_: Seen) -> bytes:
        return reply(b"hello", headers={"Connection": "close"})

    resolver = FakeResolver({"a.example": [["127.0.0.1"], ["127.0.0.2"]]})
    async with scripted_server(once) as server:
        with Canary("127.0.0.2", server.port) as canary:
            async with Client(ONLY_ONE, "t", resolver=resolver) as client:
                url = server.url("/", "a.example")
                assert (await client.fetch(url, accept=ANY)).body == b"hello"
                with pytest.raises(Refused):
                    await client.fetch(url, accept=ANY)
                with pytest.raises(Refused):
                    await client.post(url, b"", {})
            assert canary.touches() == 0
    assert len(resolver.asked) == 3  # no answer outlives its connection


async def test_F04_mixed_records_refuse_plain_http_altogether() -> None:
    for answers in (["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.1", "::1"]):
        async with (
            scripted_server(lambda _: reply()) as server,
            _client({"a.example": [answers]}) as client,
        ):
            with watch_connects() as watch, pytest.raises(Refused):
                await client.fetch(server.url("/", "a.example"), accept=ANY)
            assert watch.connects == []


async def test_F04_mixed_records_reach_only_the_permitted_address(
    secure: tuple[ssl.SSLContext, str],
) -> None:
    context, ca_file = secure
    names = {"a.example": [["127.0.0.2", "10.0.0.1", "::1", "127.0.0.1"]]}
    async with scripted_server(lambda _: reply(b"hello"), tls=context) as server:
        with Canary("127.0.0.2", server.port) as canary, watch_connects() as watch:
            async with _client(names, tls_ca_file=ca_file) as client:
                assert (await client.fetch(server.url("/", "a.example"), accept=ANY)).ok
            assert canary.touches() == 0
        assert watch.connects == ["127.0.0.1"]


@pytest.fixture
def secure(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("a.example").configure_cert(context)
    return context, str(tmp_path / "ca.pem")


async def test_F09_https_never_falls_back_to_http(secure: tuple[ssl.SSLContext, str]) -> None:
    context, ca_file = secure
    with Canary() as canary:
        place = f"http://127.0.0.1:{canary.port}/"
        async with (
            scripted_server(lambda _: redirect(place), tls=context) as server,
            _client({"a.example": [["127.0.0.1"]]}, tls_ca_file=ca_file) as client,
        ):
            with pytest.raises(Refused):
                await client.fetch(server.url("/", "a.example"), accept=ANY)
        assert canary.touches() == 0


def _credentials(asked: list[str]) -> Callable[[Url], dict[str, str]]:
    def headers_for(url: Url) -> dict[str, str]:
        asked.append(str(url))
        return {"Signature": f"for {url.target}", "Authorization": "Bearer x", "Date": "now"}

    return headers_for


async def test_F09_credentials_never_reach_another_origin_nor_come_back() -> None:
    there: list[Seen] = []

    def other_answer(seen: Seen) -> bytes:
        there.append(seen)
        return redirect(home.url("/end"))

    def home_answer(seen: Seen) -> bytes:
        return reply(b"end") if seen.target == "/end" else redirect(other.url("/x"))

    asked: list[str] = []
    async with (
        scripted_server(other_answer) as other,
        scripted_server(home_answer) as home,
        _client() as client,
    ):
        found = await client.fetch(home.url(), accept=ANY, headers_for=_credentials(asked))
        assert found.body == b"end"
        assert asked == [home.url()]
        assert home.seen[0].headers["signature"] == "for /"
        for seen in (*there, home.seen[1]):
            assert not {"signature", "authorization", "cookie", "date"} & set(seen.headers)
            assert seen.headers["accept"] == ANY


async def test_F09_another_name_of_the_same_machine_is_another_origin() -> None:
    def answer(seen: Seen) -> bytes:
        return reply() if seen.target == "/end" else redirect(server.url("/end", "b.localhost"))

    asked: list[str] = []
    async with scripted_server(answer) as server, _client() as client:
        await client.fetch(
            server.url("/", "a.localhost"), accept=ANY, headers_for=_credentials(asked)
        )
        assert "signature" in server.seen[0].headers
        assert "signature" not in server.seen[1].headers


async def test_F09_a_hop_at_the_same_origin_is_signed_anew() -> None:
    def answer(seen: Seen) -> bytes:
        return reply() if seen.target == "/two" else redirect("/two")

    asked: list[str] = []
    async with scripted_server(answer) as server, _client() as client:
        await client.fetch(server.url("/one"), accept=ANY, headers_for=_credentials(asked))
        assert asked == [server.url("/one"), server.url("/two")]
        assert [seen.headers["signature"] for seen in server.seen] == ["for /one", "for /two"]


async def test_F11_a_redirect_to_our_own_server_is_refused() -> None:
    async with scripted_server(lambda _: reply(b"admin page")) as own:
        async with (
            scripted_server(lambda _: redirect(own.url("/admin"))) as other,
            _client(own_origin=own.url("")) as client,
        ):
            with pytest.raises(Refused):
                await client.fetch(other.url(), accept=ANY)
        assert own.connections == 0


def _countdown(seen: Seen) -> bytes:
    left = int(seen.target[1:])
    return redirect(f"/{left - 1}") if left else reply(b"end")


async def test_D10_three_hops_are_followed() -> None:
    async with scripted_server(_countdown) as server, _client() as client:
        assert (await client.fetch(server.url("/3"), accept=ANY)).body == b"end"
        assert len(server.seen) == 4


@pytest.mark.parametrize("hops", [4, 20])
async def test_D10_a_longer_chain_stops_at_three_hops(hops: int) -> None:
    async with scripted_server(_countdown) as server, _client() as client:
        with pytest.raises(Unreachable):
            await client.fetch(server.url(f"/{hops}"), accept=ANY)
        assert len(server.seen) == 4


@pytest.mark.parametrize("ring", [["/a"], ["/a", "/b"]])
async def test_D10_loops_stop_at_three_hops(ring: list[str]) -> None:
    def answer(seen: Seen) -> bytes:
        return redirect(ring[(ring.index(seen.target) + 1) % len(ring)])

    async with scripted_server(answer) as server, _client() as client:
        with pytest.raises(Unreachable):
            await client.fetch(server.url("/a"), accept=ANY)
        assert len(server.seen) == 4


async def test_D11_all_hops_share_one_deadline() -> None:
    pause = 0.0

    async def answer(seen: Seen) -> AsyncIterator[bytes]:
        await asyncio.sleep(pause)
        yield _countdown(seen)

    async with scripted_server(answer) as server, _client() as client:
        for pause in (0.6, 1.2, 2.4, 4.8):  # on a busy machine the first hop may last for all of it
            server.seen.clear()
            with pytest.raises(TimedOut):
                await client.fetch(server.url("/3"), accept=ANY, deadline=2.5 * pause)
            if len(server.seen) > 1:
                break
        assert len(server.seen) in {2, 3}
