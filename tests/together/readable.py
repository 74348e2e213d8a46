"""Documents of a run made readable and the same each time, and proven anew so that they verify.

Hosts, ids, times and what is random are replaced, the same by the same. The proofs, keys, seals and
digests that depend on them are made again, with keys that follow from the names of their owners.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from activitypub.parse.agreements import seal
from activitypub.proofs import add_proof
from activitypub.synchronization import header
from federation.key_material import PrivateKey
from tests.support.nodes import Json

CODE: Final = "7qk2-0000-0000-0000-0000"
"""The one-time code of the offer in the examples."""
WIDTH: Final = 100
_BEGIN: Final = datetime(2026, 11, 22, 9, tzinfo=UTC)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_MIDNIGHT: Final = re.compile(r"T00:00:00(\.000)?Z$")
_ID: Final = re.compile(r"(?<![0-9a-z])\d{15,}(?![0-9a-z])")  # not within a digest
_TOKEN: Final = re.compile(r"(?<=/r/)[\w-]{16,}")
_IN_WORDS: Final = re.compile(r"\d{1,2} \w+ \d{4}, \d\d:\d\d UTC")
_FIXED: Final = {
    "tertulia:sha256": hashlib.sha256(b"a crate with eyelets").hexdigest(),
    "blurhash": "UHNYd;_N%~?H_N.m%}yD%~%~yXtl?HyDtltR",
    "publicKeyPem": "-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n",
    "Content-Digest": "sha-256=:…:",
    "Signature": "sig1=:…:",
}
_AHEAD: Final = {
    "endTime": "2027-11-22T09:00:00.000Z",
    "tertulia:lapses": "2026-12-06T09:00:00.000Z",
}
_INPUT: Final = (
    (r"created=\d+", f"created={int(_BEGIN.timestamp())}"),
    (r"expires=\d+", f"expires={int(_BEGIN.timestamp()) + 300}"),
    (r'nonce="[^"]+"', 'nonce="…"'),
)


@dataclass
class Names:
    """What is called how: hosts with their ports, and the ids of people; the rest is counted."""

    hosts: dict[str, str]
    numbers: dict[str, int]
    there: tuple[str, ...] = ()  # the members on the node that the example of headers went to
    tokens: dict[str, str] = field(default_factory=dict)

    def text(self, said: str) -> str:
        """Words without what differs from run to run."""
        for host, name in self.hosts.items():
            said = said.replace(f"http://{host}", f"https://{name}").replace(host, name)
            said = said.replace(quote(f"http://{host}", safe=""), quote(f"https://{name}", safe=""))
        said = _TOKEN.sub(lambda found: self._token(found[0]), said)
        said = _IN_WORDS.sub("22 November 2026, 09:00 UTC", said)
        return _ID.sub(lambda found: str(self._number(found[0])), said)

    def _number(self, raw: str) -> int:
        return self.numbers.setdefault(raw, 11 + len(self.numbers))

    def _token(self, raw: str) -> str:
        return self.tokens.setdefault(raw, f"TOKEN-{1 + len(self.tokens)}")


def key_of(actor: str) -> Ed25519PrivateKey:
    """The key with which an actor proves in the examples."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(actor.encode()).digest())


def readable(examples: dict[str, Json], names: Names) -> dict[str, Json]:
    """The examples as they are written down."""
    clock = _Clock()
    shown = {name: clock.told(_named(one, names), "") for name, one in examples.items()}
    shown = {name: _proven(one) for name, one in shown.items()}
    (offer,) = shown["offers"]["items"]
    offer["tertulia:seal"] = seal(CODE, "offer", offer)
    shown["accept-offer"]["object"]["tertulia:seal"] = seal(CODE, "answer", offer)
    there = [names.text(uri) for uri in names.there]
    club = shown["announce-create"]["actor"]
    told = header(f"{club}/followers", f"{club}/followers_sync", there)
    shown["announce-headers"]["Collection-Synchronization"] = told
    return shown


def _named(one: Json, names: Names) -> Json:
    if isinstance(one, dict):
        return {key: _value(key, value, names) for key, value in one.items()}
    if isinstance(one, list):
        return [_named(each, names) for each in one]
    return names.text(one) if isinstance(one, str) else one


def _value(key: str, value: Json, names: Names) -> Json:
    if key == "@context":
        return value
    if key == "Collection-Synchronization":
        return value  # written anew below
    if key == "Signature-Input":
        for pattern, instead in _INPUT:
            value = re.sub(pattern, instead, value)
    return _FIXED.get(key) or _named(value, names)


class _Clock:
    """Each moment of each object gets a minute of its own, in the order in which they are read.

    What an activity and its object say to be the same moment stays one.
    """

    def __init__(self) -> None:
        self._minutes: dict[tuple[str, str], str] = {}

    def told(self, one: Json, about: str, said: tuple[str, str] = ("", "")) -> Json:
        """A document with such times. `said`: when the activity around it was published, and
        how that is shown."""
        if isinstance(one, list):
            return [self.told(each, about, said) for each in one]
        if not isinstance(one, dict):
            return one
        about = str(one.get("id", about))
        inner: dict[str, Json] = {}
        if one.get("type") == "Announce":  # what is announced was said before
            inner["object"] = self.told(one["object"], about)
        outer = said
        if "published" in one:
            raw = one["published"]
            said = raw, self._moment(about, "published", raw, outer)
        for key, value in one.items():
            if isinstance(value, str) and _MOMENT.fullmatch(value):
                inner[key] = self._of(about, key, value, outer)
            elif key not in inner:
                inner[key] = self.told(value, about, said)
        return {key: inner[key] for key in one}

    def _of(self, about: str, key: str, raw: str, said: tuple[str, str]) -> str:
        if key in _AHEAD:
            return _AHEAD[key]
        if key == "created":  # of a proof: when its activity was published
            known = self._minutes.get((about, "published"))
            return (known or self._moment(about, key, raw, ("", ""))).replace(".000Z", "Z")
        return self._moment(about, key, raw, said)

    def _moment(self, about: str, key: str, raw: str, said: tuple[str, str]) -> str:
        if _MIDNIGHT.search(raw):
            return "2026-11-22T00:00:00.000Z"  # only the day is told
        found = self._minutes.get((about, key))
        if found is None:
            found = said[1] if raw == said[0] else _shown(len(set(self._minutes.values())))
            self._minutes[about, key] = found
        return found


def _shown(minutes: int) -> str:
    return (_BEGIN + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _proven(one: Json) -> Json:
    """Keys and proofs anew, from within."""
    if isinstance(one, list):
        return [_proven(each) for each in one]
    if not isinstance(one, dict):
        return one
    made = {key: _proven(value) for key, value in one.items()}
    if "publicKeyMultibase" in made:
        owner = made["id"].partition("#")[0]
        made["publicKeyMultibase"] = PrivateKey(key_of(owner)).public.multikey()
    if "proof" not in made:
        return made
    proof = made.pop("proof")
    owner = proof["verificationMethod"].partition("#")[0]
    created = datetime.fromisoformat(proof["created"])
    return add_proof(made, key_of(owner), proof["verificationMethod"], created)


# On paper.


def written(one: Json) -> str:
    """JSON that people read: in one line what fits in one."""
    return _lines(one, "", 0) + "\n"


def _lines(one: Json, indent: str, used: int) -> str:
    flat = json.dumps(one, ensure_ascii=False)
    if not isinstance(one, dict | list) or not one or len(indent) + used + len(flat) < WIDTH:
        return flat
    inner = indent + "  "
    if isinstance(one, list):
        return "[\n" + ",\n".join(inner + _lines(each, inner, 1) for each in one) + f"\n{indent}]"
    pairs = [(json.dumps(key, ensure_ascii=False) + ": ", value) for key, value in one.items()]
    rows = [inner + key + _lines(value, inner, len(key) + 1) for key, value in pairs]
    return "{\n" + ",\n".join(rows) + f"\n{indent}}}"


def quoted(one: Json, others: dict[str, Json]) -> Any:
    """An example as FEDERATION.md shows it: without contexts, and nothing twice."""
    if isinstance(one, list):
        return [quoted(each, others) for each in one]
    if not isinstance(one, dict):
        return one
    shown = {key: value for key, value in one.items() if key != "@context"}
    return {key: _referred(value, others) for key, value in shown.items()}


def _referred(one: Json, others: dict[str, Json]) -> Any:
    for name, other in others.items():
        if isinstance(one, dict) and "id" in one and one == other:
            return {"id": one["id"], "type": one["type"], "…": f"all of {name}.json"}
    return quoted(one, others)
