"""Quotes in the client API: inside the audience, by consent, and shown to who may read both."""

from collections.abc import Callable
from typing import Any

import pytest

from server.wiring import Role as ProcessRole
from storage.tx import Tx
from tests.support.databases import folder_beside
from tests.support.nodes import Person, running_node
from tests.support.strict import check, check_all
from tests.web.visitor import Visitors

STATUSES = "/api/v1/statuses"


async def say(person: Person, text: str, **more: Any) -> Any:
    return await person.post(STATUSES, status=text, **more)


async def quotes(person: Person, post: Any, text: str = "so true", **more: Any) -> Any:
    return await say(person, text, quoted_status_id=post["id"], **more)


async def refusal(person: Person, post: Any, **more: Any) -> int:
    sent = {"status": "so true", "quoted_status_id": post["id"], **more}
    return (await person.ask("POST", STATUSES, json=sent)).status


async def test_a_quote_shows_the_post_and_is_counted_and_told(ana: Person, bo: Person) -> None:
    post = await say(ana, "Measure twice")
    made = check("status", await quotes(bo, post))
    assert (made["quote"]["state"], made["quote"]["quoted_status"]["id"]) == (
        "accepted",
        post["id"],
    )
    assert made["content"].startswith('<p class="quote-inline">RE: <a href=')
    now = await ana.get(f"{STATUSES}/{post['id']}")
    assert (now["quotes_count"], now["quote"]) == (1, None)
    [notice] = check_all("notification", await ana.notifications())
    assert (notice["type"], notice["status"]["id"]) == ("quote", made["id"])
    for path in ("/api/v1/timelines/public", f"/api/v1/accounts/{bo.id}/statuses"):
        lines = check_all("status", await ana.get(path))
        [line] = [one for one in lines if one["id"] == made["id"]]
        assert line["quote"]["quoted_status"]["id"] == post["id"]
    # A quote of a quote is named and not opened.
    outer = await quotes(ana, made, "see")
    check("status", outer)
    inner = outer["quote"]["quoted_status"]["quote"]
    assert inner == {"state": "accepted", "quoted_status_id": post["id"]}


async def test_a_shared_post_shows_its_quote_and_what_its_reader_did_to_it(
    ana: Person, bo: Person
) -> None:
    post = await say(bo, "Measure twice", visibility="public")
    told = await quotes(bo, post, "as I said", visibility="public")
    await ana.post(f"{STATUSES}/{told['id']}/mute")
    await bo.post(f"{STATUSES}/{told['id']}/reblog")
    lines = check_all("status", await ana.get(f"/api/v1/accounts/{bo.id}/statuses"))
    [share] = [line for line in lines if line["reblog"]]
    assert share["quote"] is None
    assert share["muted"] is share["reblog"]["muted"] is True
    assert share["reblog"]["quote"]["quoted_status"]["id"] == post["id"]


async def test_an_edit_of_a_quoted_post_is_told(ana: Person, bo: Person) -> None:
    post = await say(ana, "Measure twice")
    made = await quotes(bo, post)
    await ana.put(f"{STATUSES}/{post['id']}", status="Measure three times")
    [told] = await bo.notifications()
    assert (told["type"], told["status"]["id"]) == ("quoted_update", made["id"])
    await ana.put(f"{STATUSES}/{post['id']}", status="Measure three times, cut once")
    [again] = await bo.notifications()
    assert int(again["id"]) > int(told["id"])
    shown = await bo.get(f"{STATUSES}/{made['id']}")
    assert "three times" in shown["quote"]["quoted_status"]["content"]


async def test_deleting_either_ends_the_quote(ana: Person, bo: Person) -> None:
    first, second = await say(ana, "one"), await say(ana, "two")
    over_first, over_second = await quotes(bo, first), await quotes(bo, second)
    await ana.delete(f"{STATUSES}/{first['id']}")
    shown = await bo.get(f"{STATUSES}/{over_first['id']}")
    assert shown["quote"] == {"state": "deleted", "quoted_status": None}
    await bo.delete(f"{STATUSES}/{over_second['id']}")
    assert (await ana.get(f"{STATUSES}/{second['id']}"))["quotes_count"] == 0
    assert await ana.get(f"{STATUSES}/{second['id']}/quotes") == []
    assert await ana.notifications() == []


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_what_is_for_some_people_only_is_not_quoted_not_even_by_its_author(
    ana: Person, bo: Person, visibility: str
) -> None:
    named = f"@{bo.handle} between us"
    post = await say(ana, named, visibility=visibility)
    assert post["quote_approval"] == {"automatic": [], "manual": [], "current_user": "denied"}
    for person in (ana, bo):
        if (await person.ask("GET", f"{STATUSES}/{post['id']}")).status == 200:
            for choice in ("public", "private", "direct"):
                assert await refusal(person, post, visibility=choice) == 403
    changed = await ana.put(
        f"{STATUSES}/{post['id']}/interaction_policy", quote_approval_policy="public"
    )
    assert changed["quote_approval"]["current_user"] == "denied"


async def test_a_quote_is_never_for_more_people_than_the_quoted_post(
    ana: Person, bo: Person
) -> None:
    kept = await say(ana, "only here", local_only=True)
    wide = await say(ana, "for colleagues")
    assert await refusal(bo, kept) == 422
    assert (await quotes(bo, kept, local_only=True))["quote"]["state"] == "accepted"
    assert (await quotes(bo, wide, local_only=True))["quote"]["state"] == "accepted"
    assert await refusal(bo, wide, visibility="private") == 422
    letter = await quotes(bo, wide, f"@{ana.handle} look", visibility="direct")
    assert letter["quote"]["state"] == "accepted"
    # A narrower quote is in nobody else's figures.
    assert (await ana.get(f"{STATUSES}/{wide['id']}"))["quotes_count"] == 0


@pytest.mark.parametrize(
    ("policy", "stranger", "follower"),
    [
        ("public", "automatic", "automatic"),
        ("followers", "denied", "automatic"),
        ("nobody", "denied", "denied"),
    ],
)
async def test_the_authors_policy_decides(
    ana: Person, bo: Person, policy: str, stranger: str, follower: str
) -> None:
    post = await say(ana, "Measure twice", quote_approval_policy=policy)
    assert post["quote_approval"]["current_user"] == "automatic", "its author may"
    path = f"{STATUSES}/{post['id']}"
    for expected in (stranger, follower):
        shown = (await bo.get(path))["quote_approval"]
        assert shown["automatic"] == ([] if policy == "nobody" else [policy])
        assert shown["current_user"] == expected
        [line] = [
            one for one in await bo.get("/api/v1/timelines/public") if one["id"] == post["id"]
        ]
        assert line["quote_approval"] == shown
        status = await refusal(bo, post)
        assert (status == 200) is (expected == "automatic"), status
        await bo.post(f"/api/v1/accounts/{ana.id}/follow")


@pytest.mark.operation("PUT /api/v1/statuses/:id/interaction_policy")
async def test_a_policy_is_changed_later_and_by_default(ana: Person, bo: Person) -> None:
    await ana.ask(
        "PATCH", "/api/v1/accounts/update_credentials", json={"source": {"quote_policy": "nobody"}}
    )
    own = await ana.get("/api/v1/accounts/verify_credentials")
    assert own["source"]["quote_policy"] == "nobody"
    post = await say(ana, "Measure twice")
    assert await refusal(bo, post) == 403
    path = f"{STATUSES}/{post['id']}/interaction_policy"
    assert (await bo.ask("PUT", path, json={"quote_approval_policy": "public"})).status == 404
    assert (await ana.ask("PUT", path, json={"quote_approval_policy": "all"})).status == 422
    await ana.put(path, quote_approval_policy="public")
    made = await quotes(bo, post)
    await ana.put(path, quote_approval_policy="nobody")
    assert (await bo.get(f"{STATUSES}/{made['id']}"))["quote"]["state"] == "accepted"
    assert (await bo.get(f"{STATUSES}/{post['id']}"))["quote_approval"]["current_user"] == "denied"
    assert await refusal(bo, post) == 403, "what is new is not allowed any more"


@pytest.mark.operation(
    "GET /api/v1/statuses/:id/quotes", "POST /api/v1/statuses/:id/quotes/:qid/revoke"
)
async def test_an_author_takes_a_quote_back(ana: Person, bo: Person) -> None:
    post = await say(ana, "Measure twice")
    made = await quotes(bo, post)
    path = f"{STATUSES}/{post['id']}/quotes"
    assert (await bo.ask("GET", path)).status == 403
    assert (await bo.ask("POST", f"{path}/{made['id']}/revoke")).status == 404
    assert [one["id"] for one in await ana.get(path)] == [made["id"]]
    answer = await ana.post(f"{path}/{made['id']}/revoke")
    assert answer["quote"] == {"state": "revoked", "quoted_status": None}
    assert (await ana.ask("POST", f"{path}/{made['id']}/revoke")).status == 404
    assert (await ana.get(f"{STATUSES}/{post['id']}"))["quotes_count"] == 0
    assert await ana.get(path) == await ana.notifications() == []


async def test_P11_a_block_hides_the_quoted_post(
    ana: Person, bo: Person, visitors: Visitors
) -> None:
    post = await say(ana, "Measure twice")
    made = await quotes(bo, post, local_only=False)
    await bo.post(f"/api/v1/accounts/{ana.id}/block")
    shown = await bo.get(f"{STATUSES}/{made['id']}")
    assert shown["quote"] == {"state": "blocked_account", "quoted_status": None}
    assert await refusal(bo, post) == 404
    page = await (await visitors.of(bo)).get(f"/@{bo.handle}/{made['id']}")
    assert "Measure twice" not in page.text


async def test_quotes_and_reactions_on_pages(ana: Person, bo: Person, visitors: Visitors) -> None:
    post = await say(ana, "Measure twice")
    closed = await say(ana, "Mine", quote_approval_policy="nobody")
    visitor = await visitors.of(bo)
    page = await visitor.get(f"/@{ana.handle}/{post['id']}")
    assert f'href="/posts/{post["id"]}/quote"' in page.html
    form = await visitor.get(f"/posts/{post['id']}/quote")
    assert "Measure twice" in form.text
    sent = await visitor.submit(form, "/posts", text="so true", readers="everyone")
    assert sent.location == "/"
    home = await visitor.get("/")
    quoted = home.tree.css_first("article blockquote.quoted")
    assert quoted is not None
    assert "Measure twice" in quoted.text()
    form = await visitor.get(f"/posts/{post['id']}/quote")
    again = await visitor.submit(form, "/posts", text="to me alone", readers="followers")
    assert again.status == 422
    assert "to me alone" in again.text
    assert "Not everybody who would read this" in again.text
    other = await visitor.get(f"/@{ana.handle}/{closed['id']}")
    assert f'href="/posts/{closed["id"]}/quote"' not in other.html
    assert (await visitor.get(f"/posts/{closed['id']}/quote")).status == 403
    reacted = await visitor.submit(page, f"/posts/{post['id']}/react", emoji="🎉")
    assert reacted.status == 303
    shown = await visitor.get(f"/@{ana.handle}/{post['id']}")
    tallies = shown.tree.css_first("ul.reactions")
    assert tallies is not None
    assert tallies.text().split() == ["🎉", "1"]


async def test_a_page_of_quotes_takes_as_many_statements_for_forty_as_for_one(
    new_database_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "hq", role=ProcessRole.WEB) as node:
        ana, bo = await node.person("ana"), await node.person("bo")
        counted: list[int] = []
        real = Tx._rows

        def rows(self: Tx, fetch: Any, statement: Any, params: Any) -> Any:
            counted.append(id(statement))
            return real(self, fetch, statement, params)

        async def statements() -> int:
            counted.clear()
            with monkeypatch.context() as patch:
                patch.setattr(Tx, "_rows", rows)
                found = await ana.get(f"/api/v1/accounts/{bo.id}/statuses", limit="40")
            assert all(one["quote"]["quoted_status"] for one in found)
            return len(counted)

        quoted = await say(ana, "Measure twice")
        other = await quotes(ana, quoted, "and cut once")
        await quotes(bo, other)
        one = await statements()
        for number in range(39):
            await quotes(bo, (quoted, other)[number % 2], f"number {number}")
        assert await statements() == one
