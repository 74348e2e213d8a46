"""What this node does not have by design says so in the documented shapes, the same for all ids."""

from tests.support.nodes import Person, RunningNode
from tests.support.strict import check


async def test_empty_shapes(ana: Person) -> None:
    for path, answer in (
        ("v1/accounts/1/collections", {"collections": []}),
        ("v1/accounts/1/in_collections", {"collections": []}),
        ("v1/accounts/1/identity_proofs", []),
        ("v1/annual_reports", {"annual_reports": [], "accounts": [], "statuses": []}),
        ("v1/annual_reports/2026/state", {"state": "ineligible"}),
        ("v1/instance/translation_languages", {}),
    ):
        assert await ana.get(f"/api/{path}") == answer, path


async def test_G02_nothing_is_told_by_them(node: RunningNode, ana: Person) -> None:
    for name in ("collections", "in_collections", "identity_proofs"):
        known, unknown = [
            await node.ask("GET", f"/api/v1/accounts/{one}/{name}") for one in (ana.id, 77)
        ]
        assert (known.status, known.body) == (unknown.status, unknown.body)


async def test_errors_in_json(ana: Person) -> None:
    for method, path in (
        ("POST", "v1/collections"),
        ("GET", "v1/collections/1"),
        ("PATCH", "v1/collections/1"),
        ("DELETE", "v1/collections/1"),
        ("POST", "v1/collections/1/items"),
        ("DELETE", "v1/collections/1/items/1"),
        ("POST", "v1/collections/1/items/1/revoke"),
        ("GET", "v1/annual_reports/2026"),
        ("POST", "v1/annual_reports/2026/generate"),
        ("POST", "v1/annual_reports/2026/read"),
        ("POST", "v1/emails/confirmations"),
    ):
        answer = await ana.ask(method, f"/api/{path}", headers={"Accept": "text/html"})
        assert answer.status == 404, path
        check("error", answer.json)
