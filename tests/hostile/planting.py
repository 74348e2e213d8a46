"""A few forbidden addresses, and the verbs that plant what leads to them."""

from collections.abc import Callable

from tests.hostile.test_forbidden_addresses import followed
from tests.support.nodes import Json, Person, RunningNode, until
from tests.support.stranger import Document, Page, Stranger
from tests.support.stranger import Person as Liar

FEW = ["127.0.0.2", "169.254.169.254", "[::1]", "[::ffff:127.0.0.2]"]


def moved(far: Stranger, path: str, url: str) -> str:
    """A path that leads there by a redirect; its address."""
    far.pages[path] = Page(status=302, headers={"Location": f"{url}{path}"})
    return far.url(path)


async def says(far: Stranger, node: RunningNode, liar: Liar, note: Document) -> None:
    create = far.activity(liar, "Create", note, to=note["to"], cc=note["cc"])
    assert (await far.deliver(liar, f"{node.origin}/inbox", create)).status == 202


async def shown(ana: Person, note: Document) -> Json:
    """Wait until ana has a note of the stranger's; its Status."""
    found: list[Json] = []

    async def there() -> bool:
        found[:] = [one for one in await ana.home() if one["uri"] == note["id"]]
        return bool(found)

    await until(there)
    return found[0]


async def said(
    far: Stranger, node: RunningNode, ana: Person, make: Callable[[Liar], Document]
) -> Json:
    """Somebody whom ana follows says something; its Status for ana."""
    liar = await followed(far, node, ana)
    note = make(liar)
    await says(far, node, liar, note)
    return await shown(ana, note)
