"""Documents of other servers: signed for, believed only where they come from."""

import asyncio

import pytest

from domain.kinds import SignatureScheme
from federation.fetcher import CannotFetch, is_activity_type
from federation.key_material import load_public_key
from federation.signatures import IncomingRequest, Scheme, parse, verify
from storage.queries import origins
from tests.inbox.home import Home
from tests.support.stranger import AS2, Page, Seen, Stranger, rsa

LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


def verified(seen: Seen, server: Stranger, here: Home) -> Scheme:
    """The scheme of a signature that our Application actor really made for this request."""
    request = IncomingRequest(
        method=seen.method,
        target=seen.path + (f"?{seen.query}" if seen.query else ""),
        headers=list(seen.headers.items()),
        body=seen.body,
        public_origin=server.origin,
    )
    claimed = parse(request)
    verify(claimed, request, load_public_key(rsa(99).public.pem()), here.fetcher.now())
    assert claimed.key_id.startswith(here.node.origin)
    return claimed.scheme


async def test_a_document_is_fetched_with_the_nodes_signature(here: Home, b: Stranger) -> None:
    url = b.add("/notes/1", {"type": "Note"})
    found = await here.fetcher.document(url)
    assert (found.url, found.body["type"]) == (url, "Note")
    assert verified(b.seen[0], b, here) is Scheme.CAVAGE
    assert "application/activity+json" in b.seen[0].headers["accept"]


async def test_a_named_actor_signs(here: Home, b: Stranger) -> None:
    alice = await here.someone("alice")
    await here.fetcher.document(b.add("/notes/1", {"type": "Note"}), as_actor_id=alice.id)
    assert f'keyId="{alice.uri}#main-key"' in b.seen[0].headers["signature"]


@pytest.mark.parametrize("status", [400, 401])
async def test_the_other_signature_is_tried_and_remembered(
    here: Home, b: Stranger, status: int
) -> None:
    def modern(seen: Seen) -> Page:
        if "signature-input" not in seen.headers:
            return Page(status=status)
        return Page({"id": b.url(seen.path), "type": "Note"})

    b.pages["/notes/1"] = b.pages["/notes/2"] = modern
    await here.fetcher.document(b.url("/notes/1"))
    assert [verified(seen, b, here) for seen in b.seen] == [Scheme.CAVAGE, Scheme.RFC9421]
    stored = await here.db.read(origins.by_origin, b.origin)
    assert stored is not None
    assert stored.scheme is SignatureScheme.RFC9421
    await here.fetcher.document(b.url("/notes/2"))
    assert verified(b.seen[2], b, here) is Scheme.RFC9421
    assert len(b.seen) == 3


async def test_a_server_that_forgot_the_modern_one_is_asked_the_old_way(
    here: Home, b: Stranger
) -> None:
    b.pages["/notes/1"] = lambda seen: (
        Page(status=401)
        if "signature-input" in seen.headers
        else Page({"id": b.url("/notes/1"), "type": "Note"})
    )
    await here.db.write(
        lambda tx: origins.remember_scheme(
            tx, origins.origin_id(tx, b.origin), SignatureScheme.RFC9421
        )
    )
    await here.fetcher.document(b.url("/notes/1"))
    assert [verified(seen, b, here) for seen in b.seen] == [Scheme.RFC9421, Scheme.CAVAGE]


@pytest.mark.parametrize("media", [AS2, f"{AS2}; charset=utf-8", LD, LD.replace("; ", ";")])
async def test_O02_both_media_types_are_read(here: Home, b: Stranger, media: str) -> None:
    url = b.add("/n", {"type": "Note"}, type=media)
    assert (await here.fetcher.document(url)).url == url


@pytest.mark.parametrize(
    "media",
    [
        *("application/json", "text/plain", "image/png", "text/html", "", "application/ld+json"),
        *("application/octet-stream", "application/ld+json; profile=x", f"text/html, {AS2}"),
    ],
)
async def test_O02_any_other_media_type_is_refused(here: Home, b: Stranger, media: str) -> None:
    url = b.add("/media/upload.json", {"type": "Note"}, type=media)
    before = await here.digest()
    with pytest.raises(CannotFetch):
        await here.fetcher.document(url)
    assert await here.digest() == before


def test_media_types_are_read_as_types() -> None:
    assert is_activity_type("Application/Activity+JSON;charset=utf-8")
    assert not is_activity_type("application/activity+jsonx")
    assert not is_activity_type('text/plain; x="application/activity+json"')


async def test_O01_a_document_that_lies_about_its_id_is_refused(
    here: Home, b: Stranger, e: Stranger
) -> None:
    e.add("/notes/1", {"type": "Note", "id": b.url("/notes/1")})
    before = await here.digest()
    with pytest.raises(CannotFetch):
        await here.fetcher.document(e.url("/notes/1"))
    assert b.seen == []
    assert await here.digest() == before


@pytest.mark.parametrize("stated", [None, 7, "", "notes/1", {"id": "x"}])
async def test_O17_a_document_without_an_id_is_refused(
    here: Home, b: Stranger, stated: object
) -> None:
    with pytest.raises(CannotFetch):
        await here.fetcher.document(b.add("/notes/1", {"type": "Note", "id": stated}))


async def test_another_id_on_the_same_server_is_fetched_from_there(here: Home, b: Stranger) -> None:
    right = b.add("/notes/1", {"type": "Note"})
    b.add("/@ana/1", {"type": "Note", "id": right, "content": "a lie"})
    found = await here.fetcher.document(b.url("/@ana/1"))
    assert found.url == right
    assert "content" not in found.body


async def test_a_second_other_id_ends_it(here: Home, b: Stranger) -> None:
    b.add("/1", {"type": "Note", "id": b.url("/2")})
    b.add("/2", {"type": "Note", "id": b.url("/3")})
    with pytest.raises(CannotFetch):
        await here.fetcher.document(b.url("/1"))


async def test_S14_a_redirect_to_another_server_gives_nothing(
    here: Home, b: Stranger, e: Stranger
) -> None:
    right = b.add("/notes/1", {"type": "Note"})
    e.pages["/notes/1"] = Page(status=302, headers={"Location": right})
    with pytest.raises(CannotFetch):
        await here.fetcher.document(e.url("/notes/1"))
    assert all("signature" not in seen.headers for seen in b.seen)


async def test_S14_a_document_served_elsewhere_than_at_its_id_is_refused(
    here: Home, b: Stranger
) -> None:
    b.pages["/notes/1"] = Page(status=302, headers={"Location": b.url("/elsewhere")})
    b.add("/elsewhere", {"type": "Note", "id": b.url("/notes/1")})
    with pytest.raises(CannotFetch):
        await here.fetcher.document(b.url("/notes/1"))


async def test_a_redirect_to_the_stated_id_is_followed(here: Home, b: Stranger) -> None:
    right = b.add("/notes/1", {"type": "Note"})
    b.pages["/n/1"] = Page(status=301, headers={"Location": right})
    assert (await here.fetcher.document(b.url("/n/1"))).url == right


async def test_O16_a_server_that_is_not_admitted_is_never_asked(here: Home, x: Stranger) -> None:
    with pytest.raises(CannotFetch):
        await here.fetcher.document(x.add("/notes/1", {"type": "Note"}))
    assert x.seen == []


async def test_F11_our_own_documents_are_never_fetched(here: Home) -> None:
    alice = await here.someone("alice")
    with pytest.raises(CannotFetch):
        await here.fetcher.document(alice.uri)


@pytest.mark.parametrize("status", [404, 410, 403, 500])
async def test_S24_what_could_not_be_had_is_not_asked_for_again(
    here: Home, b: Stranger, status: int
) -> None:
    b.pages["/notes/1"] = Page(status=status)
    with pytest.raises(CannotFetch) as first:
        await here.fetcher.document(b.url("/notes/1"))
    assert first.value.gone is (status in {404, 410})
    b.add("/notes/1", {"type": "Note"})
    with pytest.raises(CannotFetch):
        await here.fetcher.document(b.url("/notes/1"))
    assert b.fetches("/notes/1") == 1


async def test_who_asks_at_the_same_time_shares_one_fetch(here: Home, b: Stranger) -> None:
    url = b.add("/notes/1", {"type": "Note"})
    found = await asyncio.gather(*(here.fetcher.document(url) for _ in range(20)))
    assert {one.url for one in found} == {url}
    assert b.fetches("/notes/1") == 1


async def test_the_reason_says_nothing_to_people(here: Home, b: Stranger) -> None:
    b.pages["/notes/1"] = Page(status=500)
    with pytest.raises(CannotFetch) as refused:
        await here.fetcher.document(b.url("/notes/1"))
    assert str(refused.value) == "The other server could not be reached"
