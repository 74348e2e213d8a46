"""The documents in docs/examples are what nodes really say, and what FEDERATION.md shows."""

import copy
import re
from typing import Any

import pytest

from activitypub import synchronization
from activitypub.json import parse
from activitypub.parse.agreements import seal
from activitypub.proofs import BadProof, verify_proof
from tests.support.nodes import Json, Nodes
from tests.together.examples import FOLDER, PAGE, collected, quoting
from tests.together.readable import CODE, key_of, written

NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def example(name: str) -> Json:
    return parse((FOLDER / f"{name}.json").read_bytes(), max_bytes=1 << 20)


def proven(one: Any) -> list[Json]:
    """Everything in a document that carries a proof."""
    if isinstance(one, list):
        return [found for each in one for found in proven(each)]
    if not isinstance(one, dict):
        return []
    own = [one] if "proof" in one else []
    return own + [found for each in one.values() for found in proven(each)]


async def test_a_run_says_exactly_what_the_examples_say(nodes: Nodes) -> None:
    examples = await collected(nodes)
    assert sorted(examples) == NAMES
    for name, document in examples.items():
        text = (FOLDER / f"{name}.json").read_text("utf-8")
        assert written(document) == text, f"{name}: run python -m tests.together.examples"


def test_the_page_quotes_the_examples_and_names_them_all() -> None:
    page = PAGE.read_text("utf-8")
    examples = {name: example(name) for name in NAMES}
    assert quoting(page, examples) == page, "run python -m tests.together.examples"
    assert sorted(set(re.findall(r"docs/examples/([a-z-]+)\.json", page))) == NAMES
    spoiled = copy.deepcopy(examples)
    spoiled["create"]["actor"] = "https://n3.example/a/6"
    assert quoting(page, spoiled) != page


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_them_differs_from_run_to_run(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text("utf-8")
    terms = r"schema\.org|joinmastodon\.org|fedibird\.com"
    assert not re.search(rf"localhost|127\.0\.0\.1|http://(?!{terms})", text)
    assert not re.search(r"(?<![0-9a-f=])\d{15,}(?![0-9a-f])", text)


def test_V01_the_proofs_verify_and_refuse_another_word() -> None:
    found = [one for name in NAMES for one in proven(example(name))]
    assert len(found) >= 8
    for document in found:
        owner = document["proof"]["verificationMethod"].partition("#")[0]
        key = key_of(owner).public_key()
        verify_proof(document, key)
        with pytest.raises(BadProof):
            verify_proof({**document, "audience": "https://n4.example/a/9"}, key)
        with pytest.raises(BadProof):
            verify_proof(document, key_of("https://n4.example/a/1").public_key())


def test_seals_and_digests_are_the_real_ones() -> None:
    (offer,) = example("offers")["items"]
    assert offer["tertulia:seal"] == seal(CODE, "offer", offer)
    answer = example("accept-offer")["object"]
    assert answer["tertulia:seal"] == seal(CODE, "answer", offer)
    assert answer["tertulia:seal"] != seal("another code", "answer", offer)
    told = example("announce-headers")["Collection-Synchronization"]
    read = synchronization.parse(told)
    assert read is not None
    assert read.digest == synchronization.digest(
        ["https://n2.example/a/4", "https://n2.example/a/6"]
    )
