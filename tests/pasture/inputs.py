"""The notes of `fediverse-pasture-inputs` (PyPI, MIT): what real servers were seen to send.

The package is installed for its data alone. What it imports to run its own reports is not here;
empty modules stand in for it.
"""

import sys
from types import ModuleType
from typing import Any, NamedTuple

import orjson

from tests.support.stranger import PUBLIC, Document, Person

_ABSENT = ("fediverse_pasture", "fediverse_pasture.runner", "fediverse_pasture.runner.entry")
_HOST = "http://pasture-one-actor"
_CONTEXT = [
    "https://www.w3.org/ns/activitystreams",
    {"Hashtag": "as:Hashtag", "sensitive": "as:sensitive"},
]


class Example(NamedTuple):
    """One note: its topic, its number there from 1, and what it changes of a plain Note."""

    topic: str
    number: int
    changes: Document


def examples() -> list[Example]:
    """All of them, by topic."""
    for name in _ABSENT:
        sys.modules.setdefault(name, ModuleType(name))
    sys.modules[_ABSENT[-1]].Entry = object  # type: ignore[attr-defined] # annotates, no more
    from fediverse_pasture_inputs import available

    return [
        Example(topic, number, dict(changes))
        for topic in sorted(available)
        for number, changes in enumerate(available[topic].examples, 1)
    ]


def create(example: Example, actor: Person, reader: str) -> Document:
    """The activity that brings an example to somebody, as the package's own sender makes it."""
    server = actor.server
    text = orjson.dumps(example.changes).decode()
    text = text.replace(f"{_HOST}/actor", actor.uri).replace(_HOST, server.origin)
    changes: dict[str, Any] = orjson.loads(text)
    context = changes.pop("@context", _CONTEXT)
    note = {
        "type": "Note",
        "attributedTo": actor.uri,
        "to": [PUBLIC, reader],
        "id": server.url(f"/actor/{example.topic}-{example.number}"),
        "published": "2026-11-20T10:00:00Z",
        **changes,
    }
    return {
        "@context": context,
        "type": "Create",
        "actor": actor.uri,
        "to": note["to"],
        "id": server.url(f"/actor/{example.topic}-{example.number}/create"),
        "published": "2026-11-20T10:00:00Z",
        "object": note,
    }
