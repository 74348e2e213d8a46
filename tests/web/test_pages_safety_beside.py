"""H01, H06: what stands beside words is text in a page as well: polls, titles, reports, files."""

import pytest
from sqlalchemy import update

from domain.kinds import Role
from domain.reactions import Tally, packed
from storage.tables.actors import actors
from storage.tables.files import files
from storage.tables.polls import poll_options
from storage.tables.posts import posts
from storage.tables.reports import report_notes, reports
from storage.tx import Tx
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import upload
from tests.web.test_pages_safety import SCRIPTS, assert_inert
from tests.web.visitor import Visitors


def spoil(tx: Tx, payload: str) -> None:
    """As if it had come past the cleaner at the door, everywhere."""
    reacted = packed(
        [Tally(payload, f"https://evil.example/{payload}", 1), Tally("🎉", payload, 2)]
    )
    tx.change(update(posts).values(title=payload, reactions=reacted, version=posts.c.version + 1))
    tx.change(update(poll_options).values(name=payload))
    tx.change(update(files).values(alt=payload, name=payload))
    tx.change(update(reports).values(comment=payload))
    tx.change(update(report_notes).values(text=payload))
    tx.change(
        update(actors).where(actors.c.handle == "ana").values(moved_to=f"https://x/{payload}")
    )


@pytest.mark.parametrize("payload", SCRIPTS)
async def test_H01_what_stands_beside_words_is_inert(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person, payload: str
) -> None:
    mona = await node.person("mona", Role.MODERATOR)
    poll = {"options": [payload[:50], "no"], "expires_in": 3600}
    asked = await ana.say("which?", poll=poll)
    quoting = await ana.say("see above", quoted_status_id=asked["id"])
    made = await upload(ana, description=payload)
    shown = await ana.say("look", media_ids=[made["id"]])
    about = {"account_id": str(ana.id), "status_ids": [asked["id"], shown["id"]]}
    await bo.post("/api/v1/reports", **about, comment=payload)
    reader, moderator, author = [await visitors.of(one) for one in (bo, mona, ana)]
    listed = await moderator.get("/reports")
    (report,) = {str(one.attributes["href"]) for one in listed.tree.css("section.line a")}
    await moderator.get(report)
    await moderator.send(f"{report}/note", note=payload)
    places = [
        *((reader, f"/@ana/{one['id']}") for one in (asked, quoting, shown)),
        *(
            (reader, path)
            for path in ("/", "/@ana", "/notifications", f"/report?post={asked['id']}")
        ),
        *((moderator, path) for path in ("/reports", report, "/notifications")),
        *(
            (author, path)
            for path in ("/settings/moving", f"/posts/{asked['id']}/quote", "/settings")
        ),
        (visitors.stranger(), f"/@ana/{asked['id']}"),
    ]
    pages = [await browser.get(path) for browser, path in places]
    await node.db.write(spoil, payload)
    pages += [await browser.get(path) for browser, path in places]
    for page in pages:
        assert_inert(page)
    assert sum(payload[:9] in page.text for page in pages) > 3, "it is shown, as text"
