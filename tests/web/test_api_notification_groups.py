"""What belongs together comes as one: the grouped list, its pages, and whom a group names."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.kinds import NotificationKind
from domain.notifying import Group, group_key, group_of
from social.notifications import notify
from storage.tx import Tx
from storage.views import notification_groups, notifications
from storage.views.notifications import Wanted
from storage.views.paging import Page
from tests.support.factories import add_block, add_person, add_post, member
from tests.support.nodes import Person, RunningNode

V1 = "/api/v1/notifications"
V2 = "/api/v2/notifications"

LIKE, SHARE, FOLLOW = NotificationKind.LIKE, NotificationKind.SHARE, NotificationKind.FOLLOW


async def crowd(node: RunningNode, ana: Person, names: str) -> dict[str, Any]:
    """A post of Ana's that all of these like, and one that the first of them likes, too."""
    posted: dict[str, Any] = await ana.say("Like me")
    other = await ana.say("And me")
    people = [await node.person(name) for name in names.split()]
    for person in people:
        await person.post(f"/api/v1/statuses/{posted['id']}/favourite")
        await person.post(f"/api/v1/accounts/{ana.id}/follow")
    await people[0].post(f"/api/v1/statuses/{posted['id']}/reblog")
    await people[0].post(f"/api/v1/statuses/{other['id']}/favourite")
    return posted


@pytest.mark.operation(
    "GET /api/v2/notifications",
    "GET /api/v2/notifications/:key",
    "GET /api/v2/notifications/:key/accounts",
    "POST /api/v2/notifications/:key/dismiss",
    "GET /api/v2/notifications/unread_count",
)
async def test_likes_shares_and_followers_come_as_groups(node: RunningNode, ana: Person) -> None:
    posted = await crowd(node, ana, "bo cy dan")
    found = await ana.get(V2)
    groups = found["notification_groups"]
    assert [(one["type"], one["notifications_count"]) for one in groups] == [
        *(("favourite", 1), ("reblog", 1), ("follow", 3), ("favourite", 3)),
    ]
    liked = groups[-1]
    named = {one["id"]: one["acct"] for one in found["accounts"]}
    assert [named[one] for one in liked["sample_account_ids"]] == ["dan", "cy", "bo"]
    assert liked["status_id"] == posted["id"]
    assert sorted(named.values()) == ["bo", "cy", "dan"]
    plain = await ana.get(V1)
    assert {one["group_key"] for one in plain} == {one["group_key"] for one in groups}
    members = [int(one["id"]) for one in plain if one["group_key"] == liked["group_key"]]
    assert liked["most_recent_notification_id"] == int(liked["page_max_id"]) == max(members)
    assert int(liked["page_min_id"]) == min(members)
    assert await ana.get(f"{V2}/unread_count") == {"count": 4}
    assert await ana.get(f"{V1}/unread_count") == {"count": 8}
    key = liked["group_key"]
    alone = await ana.get(f"{V2}/{key}")
    assert alone["notification_groups"] == [liked]
    people = await ana.ask("GET", f"{V2}/{key}/accounts", params={"limit": "2"})
    assert [one["acct"] for one in people.json] == ["dan", "cy"]
    rest = await ana.ask("GET", people.headers["Link"].split(">")[0].removeprefix("<"))
    assert [one["acct"] for one in rest.json] == ["bo"]
    other_app = await ana.second_app()
    assert await other_app.get(f"{V2}/{key}") == alone
    assert await ana.post(f"{V2}/{key}/dismiss") == {}
    assert key not in {one["group_key"] for one in await other_app.get(V1)}
    assert await other_app.get(f"{V2}/unread_count") == {"count": 3}
    for path in (key, f"{key}/accounts"):
        assert (await other_app.ask("GET", f"{V2}/{path}")).status == 404


async def test_a_key_of_no_time_names_no_group(ana: Person) -> None:
    for span in (10**7, 10**8 - 1, 10**12 - 1):
        path = f"{V2}/favourite-1-{span}"
        assert (await ana.ask("GET", path)).status == 404
        assert (await ana.ask("GET", f"{path}/accounts")).status == 404
        assert (await ana.ask("POST", f"{path}/dismiss")).status == 404


async def test_Z02_a_group_is_there_for_its_owner_alone(node: RunningNode, ana: Person) -> None:
    await crowd(node, ana, "bo cy")
    bo = await node.person("eve")
    for group in (await ana.get(V2))["notification_groups"]:
        key = group["group_key"]
        assert (await bo.ask("GET", f"{V2}/{key}")).status == 404
        assert (await bo.ask("GET", f"{V2}/{key}/accounts")).status == 404
        assert (await bo.ask("POST", f"{V2}/{key}/dismiss")).status == 404
    assert len((await ana.get(V2))["notification_groups"]) == 4
    for nonsense in ("favourite", "follow-0", "ungrouped-", "favourite-99999999999999999999-1"):
        assert (await ana.ask("GET", f"{V2}/{nonsense}")).status == 404


async def test_a_client_says_what_it_can_show(node: RunningNode, ana: Person) -> None:
    await crowd(node, ana, "bo cy")

    async def shown(*params: tuple[str, str]) -> list[tuple[str, int]]:
        answer = await ana.ask("GET", V2, params=list(params))
        found = answer.json["notification_groups"]
        return [(one["type"], one["notifications_count"]) for one in found]

    follows = ("types[]", "follow")
    assert await shown(follows) == [("follow", 2)]
    assert await shown(follows, ("grouped_types[]", "favourite")) == [("follow", 1)] * 2
    assert await shown(follows, ("grouped_types[]", "follow")) == [("follow", 2)]
    assert await shown(("exclude_types[]", "favourite")) == [("reblog", 1), ("follow", 2)]
    alone = await ana.ask("GET", V2, params=[follows, ("grouped_types[]", "poll")])
    keys = [one["group_key"] for one in alone.json["notification_groups"]]
    assert all(key.startswith("ungrouped-") for key in keys)
    assert len((await ana.get(f"{V2}/{keys[0]}"))["notification_groups"]) == 1


async def test_small_pictures_are_enough_for_some_clients(node: RunningNode, ana: Person) -> None:
    await crowd(node, ana, "bo cy dan")
    found = await ana.get(V2, expand_accounts="partial_avatars", **{"types[]": "follow"})
    assert [one["acct"] for one in found["accounts"]] == ["dan"]
    assert [one["acct"] for one in found["partial_accounts"]] == ["cy", "bo"]
    assert (await ana.get(V2))["partial_accounts"] == []
    assert (await ana.ask("GET", V2, params={"expand_accounts": "none"})).status == 400


async def test_the_marker_says_what_was_read(node: RunningNode, ana: Person) -> None:
    await crowd(node, ana, "bo cy")
    newest = (await ana.get(V1))[0]["id"]
    await ana.post("/api/v1/markers", notifications={"last_read_id": newest})
    for version in (V1, V2):
        assert await ana.get(f"{version}/unread_count") == {"count": 0}
    await (await node.person("dan")).post(f"/api/v1/accounts/{ana.id}/follow")
    for version in (V1, V2):
        assert await ana.get(f"{version}/unread_count") == {"count": 1}


class Many:
    """Ana's posts and the people who like and share them, as rows."""

    def __init__(self, tx: Tx, people: int) -> None:
        self.tx = tx
        self.ana = add_person(tx, "ana")
        self.me = member(self.ana)
        self.people = [add_person(tx, f"p{number}") for number in range(people)]
        self.posts = [add_post(tx, self.ana) for _ in range(5)]
        for post in self.posts:
            for person in self.people:
                for kind in (LIKE, SHARE):
                    self.tell(person, kind, post)

    def tell(self, person: int, kind: NotificationKind, post: int = 0) -> None:
        notify(self.tx, actor_id=self.ana, kind=kind, from_id=person, post_id=post)

    def page(self, page: Page, **wanted: Any) -> list[notification_groups.GroupView]:
        return notification_groups.page(self.tx, self.me, page, Wanted(**wanted))


@pytest.mark.both
def test_pages_show_each_group_once(tx: Tx) -> None:
    many = Many(tx, 10)
    seen: list[str] = []
    below = None
    while found := many.page(Page(limit=3, max_id=below)):
        seen += [group.key for group in found]
        below = found[-1].newest.id
    assert len(seen) == len(set(seen)) == 10
    oldest = many.page(Page(limit=3, min_id=1))
    assert [group.key for group in oldest] == seen[-3:]
    assert all((group.count, len(group.senders)) == (10, 8) for group in oldest)


@pytest.mark.both
def test_a_group_that_grows_is_new_again_and_says_what_is_new_of_it(tx: Tx) -> None:
    many = Many(tx, 2)
    newest = many.page(Page())[0].newest.id
    assert many.page(Page(since_id=newest)) == []
    many.tell(add_person(tx, "late"), LIKE, many.posts[0])
    (group,) = many.page(Page(since_id=newest))
    assert (group.count, group.oldest_id) == (3, group.newest.id)
    assert group.newest.sender.handle == "late"


@pytest.mark.both
def test_P11_who_is_blocked_is_in_no_group_and_in_no_figure(tx: Tx) -> None:
    many = Many(tx, 3)
    add_block(tx, many.people[-1], many.ana)
    group = many.page(Page(), kinds=[LIKE])[0]
    assert (group.count, [one.handle for one in group.senders]) == (2, ["p1", "p0"])
    assert notification_groups.count_newer(tx, many.me, 0) == 10
    found = group_of(group.key)
    assert found is not None
    listed = notification_groups.people(tx, many.me, found, Page())
    assert [one.actor.handle for one in listed] == ["p1", "p0"]
    by_one = many.page(Page(), sender=many.people[0])
    assert {(group.count, group.newest.sender.handle) for group in by_one} == {(1, "p0")}


def test_forty_groups_cost_as_many_statements_as_one(tx: Tx, monkeypatch: Any) -> None:
    many = Many(tx, 9)
    asked = _counter(monkeypatch)
    costs = []
    for size in (1, 10):
        before = asked()
        many.page(Page(limit=size))
        costs.append(asked() - before)
    assert costs[0] == costs[1]
    before = asked()
    notifications.page(tx, many.me, Page(limit=1))
    one = asked() - before
    notifications.page(tx, many.me, Page(limit=80))
    assert asked() - before == 2 * one


def _counter(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    count = 0
    ask = Tx.all

    def counted(self: Tx, statement: Any, /, **params: Any) -> Any:
        nonlocal count
        count += 1
        return ask(self, statement, **params)

    monkeypatch.setattr(Tx, "all", counted)
    return lambda: count


def test_keys_name_what_they_are_made_of() -> None:
    key = group_key(LIKE, identifier=7, post_id=42, made_at=1_790_000_000_000)
    found = group_of(key)
    assert found is not None
    assert (found.kind, found.post_id, found.alone) == (LIKE, 42, 0)
    later = group_key(LIKE, identifier=8, post_id=42, made_at=1_790_000_000_000 + 12 * 3_600_000)
    assert key != later
    assert group_key(NotificationKind.MENTION, identifier=7, post_id=1, made_at=0) == "ungrouped-7"
    assert group_of("ungrouped-7") == Group(alone=7)
    for nonsense in (
        *("", "mention-1-2", "favourite-1", "favourite-x-1", "ungrouped-7 "),
        f"favourite-1-{10**8}",
    ):
        assert group_of(nonsense) is None
