"""Who may put something into an inbox: rows S02 to S24 of the security catalogue, over real HTTP.

Each refusal is beside a delivery that differs in nothing else and is taken.
"""

import base64
import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest

from federation.discovery import find_actor
from federation.signatures import Scheme
from storage.views.actors import ActorView
from tests.inbox.forging import FULL, cavage, http_date, sha256
from tests.inbox.giving import refuse
from tests.inbox.home import Home
from tests.support.stranger import AS2, Document, Person, Stranger

SCHEMES = [Scheme.CAVAGE, Scheme.RFC9421, Scheme.RFC9421_OURS]


@pytest.mark.interop("draft-cavage", "in", "taken", peer="a stranger")
@pytest.mark.interop("RFC 9421", "in", "taken", peer="a stranger")
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_signed_activity_is_taken(
    here: Home, b: Stranger, ana: Person, alice: ActorView, scheme: Scheme
) -> None:
    for url in (here.inbox, alice.inbox):
        activity = b.activity(ana, "Follow", alice.uri)
        answered = await b.deliver(ana, url, activity, scheme=scheme)
        assert (answered.status, answered.body) == (202, b"")
    assert [row[2] for row in sorted(await here.rows("intake"))][-1] == activity["id"]
    assert len(await here.rows("jobs")) == 2


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_S02_body_flipped_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes, scheme: Scheme
) -> None:
    headers = b.signed(ana, here.inbox, body, scheme=scheme)
    flipped = bytes([body[0], body[1] ^ 1]) + body[2:]
    await refuse(here, b, flipped, headers)
    assert (await b.send(here.inbox, body, headers)).status == 202


async def test_S03_digest_absent_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    headers = cavage(ana, here.inbox, body, components=("(request-target)", "host", "date"))
    await refuse(here, b, body, headers)
    del headers["Digest"]
    await refuse(here, b, body, headers)
    assert (await b.send(here.inbox, body, cavage(ana, here.inbox, body))).status == 202


@pytest.mark.parametrize(
    "digest",
    [
        lambda body: "MD5=" + base64.b64encode(hashlib.md5(body).digest()).decode(),
        lambda body: "SHA=" + base64.b64encode(hashlib.sha1(body).digest()).decode(),
        lambda body: sha256(body) + ",SHA-512=AAAA",
        lambda body: sha256(body) + "," + sha256(b"other"),
        lambda body: "SHA-256=%%%",
        lambda body: "SHA-256=",
        lambda body: sha256(body).removeprefix("SHA-256="),
    ],
)
async def test_S05_digest_games_are_refused(
    here: Home, b: Stranger, ana: Person, body: bytes, digest: Any
) -> None:
    headers = cavage(ana, here.inbox, body, digest=digest(body))
    await refuse(here, b, body, headers, 400, 401)


async def test_S05_two_digest_headers_are_refused(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    headers = list(cavage(ana, here.inbox, body).items())
    await refuse(here, b, body, [*headers, ("Digest", sha256(body))], 400, 401)
    assert (await b.send(here.inbox, body, headers)).status == 202


async def test_S06_an_unsigned_target_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    await refuse(here, b, body, cavage(ana, here.inbox, body, components=FULL[1:]))


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_S06_the_same_headers_at_another_inbox_are_refused(
    here: Home, b: Stranger, ana: Person, alice: ActorView, body: bytes, scheme: Scheme
) -> None:
    headers = b.signed(ana, here.inbox, body, scheme=scheme)
    await refuse(here, b, body, headers, url=alice.inbox)
    assert (await b.send(here.inbox, body, headers)).status == 202


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_S07_a_delivery_for_another_host_is_refused(
    here: Home, b: Stranger, e: Stranger, ana: Person, body: bytes, scheme: Scheme
) -> None:
    headers = b.signed(ana, e.url("/inbox"), body, scheme=scheme)
    await refuse(here, e, body, headers)  # relayed as it is
    rewritten = headers | {"Host": here.node.origin.removeprefix("http://")}
    await refuse(here, e, body, rewritten)
    uncovered = cavage(ana, here.inbox, body, components=("(request-target)", "date", "digest"))
    await refuse(here, e, body, uncovered)


@pytest.mark.parametrize("minutes", [-61, 10, 60 * 24])
async def test_S08_a_date_outside_the_window_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes, minutes: int
) -> None:
    await refuse(here, b, body, cavage(ana, here.inbox, body, date=http_date(minutes=minutes)))


@pytest.mark.parametrize("minutes", [-58, 4])
async def test_S08_a_date_inside_the_window_is_taken(
    here: Home, b: Stranger, ana: Person, body: bytes, minutes: int
) -> None:
    headers = cavage(ana, here.inbox, body, date=http_date(minutes=minutes))
    assert (await b.send(here.inbox, body, headers)).status == 202


async def test_S08_no_date_two_dates_and_nonsense_are_refused(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    undated = cavage(ana, here.inbox, body, components=("(request-target)", "host", "digest"))
    await refuse(here, b, body, undated)
    await refuse(here, b, body, cavage(ana, here.inbox, body, date="yesterday"), 400, 401)
    dated = cavage(ana, here.inbox, body)
    await refuse(here, b, body, [*dated.items(), ("Date", dated["Date"])], 400, 401)


@pytest.mark.parametrize(
    "more",
    [
        ',keyId="https://e.example/users/eve#main-key"',
        ',signature="AAAA"',
        ',headers="date"',
        ',algorithm="rsa-sha256"',
    ],
)
async def test_S09_duplicate_parameters_are_refused(
    here: Home, b: Stranger, ana: Person, body: bytes, more: str
) -> None:
    await refuse(here, b, body, cavage(ana, here.inbox, body, more=more), 400)


async def test_S09_two_signature_headers_are_refused(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    headers = cavage(ana, here.inbox, body)
    await refuse(here, b, body, [*headers.items(), ("Signature", headers["Signature"])], 400)
    assert (await b.send(here.inbox, body, headers)).status == 202


@pytest.mark.parametrize(
    "listed",
    [
        "",
        "(request-target) host date digest digest",
        "(Request-Target) Host Date Digest",
        "(request-target) host date digest (unknown)",
        "(request-target) host date digest x-absent",
        " ".join(f"x-{number}" for number in range(1000)),
        "(request-target)  host date digest",
        "(request-target),host,date,digest",
    ],
)
async def test_S10_component_list_abuse_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes, listed: str
) -> None:
    await refuse(here, b, body, cavage(ana, here.inbox, body, listed=listed), 400, 401)


@pytest.mark.parametrize("scheme", [Scheme.CAVAGE, Scheme.RFC9421])
async def test_S15_a_replay_has_no_second_effect(
    here: Home, b: Stranger, ana: Person, alice: ActorView, scheme: Scheme
) -> None:
    follow = b.activity(ana, "Follow", alice.uri)
    body = orjson.dumps(follow)
    headers = b.signed(ana, here.inbox, body, scheme=scheme)
    assert (await b.send(here.inbox, body, headers)).status == 202
    before = await here.digest()
    altered = orjson.dumps(follow | {"summary": "altered"})
    for again in (body, body, altered):
        signed = headers if again is body else b.signed(ana, here.inbox, altered, scheme=scheme)
        assert (await b.send(here.inbox, again, signed)).status == 202
    assert await here.digest() == before
    assert [row[4] for row in await here.rows("intake")] == [body]


async def test_S15_a_replay_after_a_restart_has_no_second_effect(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    headers = b.signed(ana, here.inbox, body)
    assert (await b.send(here.inbox, body, headers)).status == 202
    await here.drain()
    before = await here.digest()
    here.restart()
    assert (await b.send(here.inbox, body, headers)).status == 202
    await here.drain()
    assert await here.digest() == before


async def test_S15_a_nonce_is_good_once(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    first = orjson.dumps(b.activity(ana, "Follow", alice.uri))
    how = {"scheme": Scheme.RFC9421_OURS, "nonce": "a nonce that is used twice"}
    headers = b.signed(ana, here.inbox, first, **how)  # type: ignore[arg-type]
    assert (await b.send(here.inbox, first, headers)).status == 202
    await refuse(here, b, first, headers)
    here.restart()
    await refuse(here, b, first, headers)


async def test_S16_an_id_on_another_server_is_refused(
    here: Home, b: Stranger, e: Stranger, ana: Person, alice: ActorView
) -> None:
    mallory = e.person("mallory", key=1)
    await find_actor(here.fetcher, mallory.uri)
    genuine = b.activity(ana, "Follow", alice.uri)
    claimed = genuine | {"actor": mallory.uri}
    forged = orjson.dumps(claimed)
    await refuse(here, e, forged, e.signed(mallory, here.inbox, forged), 403)
    forged = orjson.dumps(genuine)
    await refuse(here, e, forged, e.signed(mallory, here.inbox, forged), 403)
    assert (await b.deliver(ana, here.inbox, genuine)).status == 202
    assert [row[2] for row in await here.rows("intake")] == [genuine["id"]]


async def test_S16_nobody_speaks_for_a_neighbour_on_the_same_server(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    bo = b.person("bo", key=1)
    await find_actor(here.fetcher, bo.uri)
    forged = orjson.dumps(b.activity(ana, "Follow", alice.uri))
    await refuse(here, b, forged, b.signed(bo, here.inbox, forged), 403)


def ld_signed(document: Document) -> Document:
    """With a linked-data signature, which is never looked at."""
    return document | {
        "signature": {
            "type": "RsaSignature2017",
            "creator": f"{document['actor']}#main-key",
            "created": "2026-11-22T10:00:00Z",
            "signatureValue": "AAAA",
        }
    }


async def test_S17_a_forwarded_activity_is_not_trusted_for_its_own_signature(
    here: Home, b: Stranger, e: Stranger, ana: Person
) -> None:
    mallory = e.person("mallory", key=1)
    await find_actor(here.fetcher, mallory.uri)
    create = ld_signed(b.activity(ana, "Create", b.note(ana)))
    forwarded = orjson.dumps(create)
    await refuse(here, e, forwarded, e.signed(mallory, here.inbox, forwarded), 403)
    assert (await b.deliver(ana, here.inbox, create)).status == 202


@pytest.mark.parametrize("keyword", ["@graph", "@included", "@reverse", "@nest"])
async def test_S17_a_reshaped_document_is_refused(
    here: Home, b: Stranger, ana: Person, keyword: str
) -> None:
    create = ld_signed(b.activity(ana, "Create", b.note(ana)))
    reshaped = orjson.dumps(create | {keyword: [{"id": create["id"], "type": "Undo"}]})
    await refuse(here, b, reshaped, b.signed(ana, here.inbox, reshaped), 400)


@pytest.mark.parametrize(
    "terms",
    [
        {"content": None},
        {"actor": "as:attributedTo"},
        {"to": "https://e.example/ns#to"},
        {"as": "https://e.example/ns#"},
        {"object": {"@id": "as:object", "@context": {"id": "@type"}}},
        {"type": "@id"},
        {"@base": "https://e.example/"},
    ],
)
async def test_S18_a_context_that_changes_what_words_mean_is_refused(
    here: Home, b: Stranger, ana: Person, alice: ActorView, terms: Document
) -> None:
    context = ["https://www.w3.org/ns/activitystreams", terms]
    body = orjson.dumps(b.activity(ana, "Follow", alice.uri) | {"@context": context})
    await refuse(here, b, body, b.signed(ana, here.inbox, body), 400)


@pytest.mark.parametrize(
    "tail",
    [b',"actor":"x"}', b',"n":NaN}', b',"n":Infinity}', b',"n":' + b"9" * 10_000 + b"}", b",}"],
)
async def test_S18_json_that_readers_disagree_about_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes, tail: bytes
) -> None:
    twisted = body[:-1] + tail
    await refuse(here, b, twisted, b.signed(ana, here.inbox, twisted), 400)


@pytest.mark.parametrize("part", ['"@method" ', ' "@target-uri"', ' "content-digest"'])
async def test_S21_a_part_that_is_not_covered_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes, part: str
) -> None:
    headers = b.signed(ana, here.inbox, body, scheme=Scheme.RFC9421)
    assert part in headers["Signature-Input"]
    headers["Signature-Input"] = headers["Signature-Input"].replace(part, "")
    await refuse(here, b, body, headers)


@pytest.mark.parametrize("minutes", [-70, 10])
@pytest.mark.parametrize("scheme", [Scheme.RFC9421, Scheme.RFC9421_OURS])
async def test_S21_expired_and_not_yet_made_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes, minutes: int, scheme: Scheme
) -> None:
    made = b.now() + timedelta(minutes=minutes)
    await refuse(here, b, body, b.signed(ana, here.inbox, body, scheme=scheme, now=made))


async def test_S21_our_own_signatures_end_after_five_minutes(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    made = b.now() - timedelta(minutes=6)
    await refuse(
        here, b, body, b.signed(ana, here.inbox, body, scheme=Scheme.RFC9421_OURS, now=made)
    )
    plain = b.signed(ana, here.inbox, body, scheme=Scheme.RFC9421, now=made)
    assert (await b.send(here.inbox, body, plain)).status == 202


async def test_S21_several_labels_with_a_weak_one_are_refused(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    headers = b.signed(ana, here.inbox, body, scheme=Scheme.RFC9421)
    strong = headers["Signature-Input"], headers["Signature"]
    other = b.signed(ana, here.inbox, body, scheme=Scheme.RFC9421)
    both = headers | {
        "Signature-Input": f"{strong[0]}, {other['Signature-Input'].replace('sig1=', 'sig2=')}",
        "Signature": f"{strong[1]}, {other['Signature'].replace('sig1=', 'sig2=')}",
    }
    await refuse(here, b, body, both)


@pytest.mark.parametrize(
    "path",
    [
        *("//inbox", "/./inbox", "/INBOX", "/inbox/", "/inbox?x=1", "/%69nbox", "/inbox%2f"),
        *("/a/1/%2e%2e/2/inbox", "/a/1/../../inbox", "/inbox;x", "/inbox%00"),
    ],
)
@pytest.mark.parametrize("scheme", [Scheme.CAVAGE, Scheme.RFC9421])
async def test_S22_path_confusion_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes, path: str, scheme: Scheme
) -> None:
    headers = b.signed(ana, here.inbox, body, scheme=scheme)
    url = here.node.origin + path
    before = await here.digest()
    answered = await b.send(url, body, headers)
    assert answered.status in {400, 401, 404}
    assert await here.digest() == before


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "image/png", ""])
async def test_O02_an_activity_of_another_media_type_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes, kind: str
) -> None:
    headers = b.signed(ana, here.inbox, body) | {"Content-Type": kind}
    await refuse(here, b, body, headers, 415)
    assert (await b.send(here.inbox, body, headers | {"Content-Type": AS2})).status == 202
