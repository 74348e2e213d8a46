"""FEP-8b32 on what arrives: a proof that is there must fit, whoever signed the request."""

from datetime import UTC, datetime
from typing import Any

import pytest

from activitypub.proofs import add_proof
from storage.views.actors import ActorView
from tests.inbox.home import Home
from tests.support.stranger import Person, Stranger, ed25519


def prover(server: Stranger, handle: str, key: int) -> Person:
    """Somebody whose document lists an Ed25519 key as well."""
    uri = server.url(f"/users/{handle}")
    listed = {
        "id": f"{uri}#ed25519-key",
        "type": "Multikey",
        "controller": uri,
        "publicKeyMultibase": ed25519(key).public.multikey(),
    }
    return server.person(handle, assertionMethod=[listed])


def proven(activity: dict[str, Any], method: str, key: int) -> dict[str, Any]:
    activity["@context"] = ["https://www.w3.org/ns/activitystreams"]
    return add_proof(activity, ed25519(key).ed25519, method, datetime.now(UTC))


async def created(here: Home, b: Stranger, author: Person, activity: dict[str, Any]) -> bool:
    assert (await b.deliver(author, here.inbox, activity)).status == 202
    await here.drain()
    return await here.stored(activity["object"]["id"]) is not None


@pytest.mark.both
async def test_a_proof_that_fits_is_taken(here: Home, b: Stranger, alice: ActorView) -> None:
    bo = prover(b, "bo", 1)
    note = b.note(bo, cc=[alice.uri])
    activity = proven(b.activity(bo, "Create", note), f"{bo.uri}#ed25519-key", 1)
    assert await created(here, b, bo, activity)


async def test_S02_words_changed_after_the_proof_are_refused(
    here: Home, b: Stranger, alice: ActorView
) -> None:
    bo = prover(b, "bo", 1)
    activity = proven(
        b.activity(bo, "Create", b.note(bo, cc=[alice.uri])), f"{bo.uri}#ed25519-key", 1
    )
    activity["object"] = activity["object"] | {"content": "<p>other words</p>"}
    assert not await created(here, b, bo, activity)
    assert "its proof does not verify" in await here.reasons()


async def test_a_proof_with_another_key_is_refused(
    here: Home, b: Stranger, alice: ActorView
) -> None:
    bo = prover(b, "bo", 1)
    activity = proven(
        b.activity(bo, "Create", b.note(bo, cc=[alice.uri])), f"{bo.uri}#ed25519-key", 2
    )
    assert not await created(here, b, bo, activity)


async def test_a_proof_by_somebody_else_is_refused(
    here: Home, b: Stranger, alice: ActorView
) -> None:
    bo, cy = prover(b, "bo", 1), prover(b, "cy", 2)
    assert (await b.deliver(cy, here.inbox, b.activity(cy, "Follow", alice.uri))).status == 202
    activity = proven(
        b.activity(bo, "Create", b.note(bo, cc=[alice.uri])), f"{cy.uri}#ed25519-key", 2
    )
    assert not await created(here, b, bo, activity)
    assert "its proof is by somebody else" in await here.reasons()


async def test_a_proof_by_a_key_that_nobody_lists_says_nothing(
    here: Home, b: Stranger, alice: ActorView
) -> None:
    bo = prover(b, "bo", 1)
    activity = proven(b.activity(bo, "Create", b.note(bo, cc=[alice.uri])), f"{bo.uri}#other", 2)
    assert await created(here, b, bo, activity)
