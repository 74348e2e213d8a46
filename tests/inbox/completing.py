"""What other servers list of a thread, and the thread completed from it."""

from collections.abc import Callable

from social.ancestors import find_post
from social.completing import Budget, Completed, complete_thread
from storage.views.posts import PostRow
from tests.inbox.home import Home
from tests.support.stranger import Document, Page, Seen, Stranger


def collect(server: Stranger, path: str, items: list[object], **more: object) -> str:
    """Serve a collection on one page."""
    return server.add(path, {"type": "OrderedCollection", "orderedItems": items} | more)


def paged(server: Stranger, path: str, answer: Callable[[int], list[object]]) -> str:
    """Serve a collection that has always one more page."""

    def page(seen: Seen) -> Page:
        number = int(seen.query.removeprefix("page=") or 0)
        url = server.url(path)
        return Page(
            {
                "id": f"{url}?page={number}" if number else url,
                "type": "OrderedCollectionPage" if number else "OrderedCollection",
                "orderedItems": answer(number),
                "next": f"{url}?page={number + 1}",
            }
        )

    server.pages[path] = page
    return server.url(path)


async def opened(here: Home, root: Document) -> PostRow:
    """The thread's first post, looked up by somebody here."""
    found = await find_post(here.fetcher, str(root["id"]))
    assert found is not None
    return found


async def complete(here: Home, root: Document, **budget: float) -> Completed:
    row = await opened(here, root)
    limits = Budget(**budget)  # type: ignore[arg-type]
    return await complete_thread(here.fetcher, root_id=row.id, budget=limits)


async def texts(here: Home) -> set[str]:
    return {row[1] for row in await here.rows("posts")}
