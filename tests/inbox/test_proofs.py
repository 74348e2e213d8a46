"""FEP-8b32 on what arrives: a proof that is there must fit, whoever signed the request."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from activitypub.proofs import add_proof
from domain.kinds import MembershipState, Way
from federation.discovery import find_actor
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.home import Home
from tests.support.factories import add_community, add_membership
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


@pytest.mark.interop("FEP-8b32 proof", "in", "taken, if it fits", peer="a stranger")
@pytest.mark.both
async def test_a_proof_that_fits_is_taken(here: Home, b: Stranger, alice: ActorView) -> None:
    bo = prover(b, "bo", 1)
    note = b.note(bo, cc=[alice.uri])
    activity = proven(b.activity(bo, "Create", note), f"{bo.uri}#ed25519-key", 1)
    assert await created(here, b, bo, activity)


@pytest.mark.interop("FEP-8b32 proof", "in", "refused: of other words", peer="a stranger")
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


@pytest.mark.parametrize("spelling", [b'"proof"', b'"pr\\u006fof"'])
async def test_S02_a_proof_is_one_however_its_name_is_spelled(
    here: Home, b: Stranger, alice: ActorView, spelling: bytes
) -> None:
    bo = prover(b, "bo", 1)
    activity = proven(
        b.activity(bo, "Create", b.note(bo, cc=[alice.uri])), f"{bo.uri}#ed25519-key", 1
    )
    activity["object"] = activity["object"] | {"content": "<p>other words</p>"}
    body = orjson.dumps(activity).replace(b'"proof"', spelling)
    assert (await b.deliver(bo, here.inbox, body)).status == 202
    await here.drain()
    assert await here.stored(activity["object"]["id"]) is None
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


@pytest.mark.both
@pytest.mark.parametrize(
    "state", [MembershipState.ACTIVE, MembershipState.REMOVED, None], ids=["member", "left", "none"]
)
async def test_T5_a_member_whose_proof_does_not_fit_is_told(
    here: Home, b: Stranger, alice: ActorView, state: MembershipState | None
) -> None:
    bo = prover(b, "bo", 1)
    author = await find_actor(here.fetcher, bo.uri)

    def club(tx: Tx) -> ActorView:
        identifier = add_community(tx, "club", base=here.node.origin)
        if state is not None:
            add_membership(tx, identifier, author.id, state=state, way=Way.NODE)
        found = actors.by_id(tx, identifier)
        assert found is not None
        return found

    ours = await here.db.write(club)
    inside = {"to": [ours.uri, ours.followers], "cc": [], "audience": ours.uri}
    note = b.note(bo) | inside
    activity = proven(b.activity(bo, "Create", note) | inside, f"{bo.uri}#ed25519-key", 2)
    assert not await created(here, b, bo, activity)
    assert "its proof does not verify" in await here.reasons()
    told = [row for row in await here.rows("activities") if "could not be checked" in str(row)]
    assert len(told) == (0 if state is None else 1)
    good = proven(b.activity(bo, "Create", note) | inside, f"{bo.uri}#ed25519-key", 1)
    assert await created(here, b, bo, good) is (state is MembershipState.ACTIVE)
