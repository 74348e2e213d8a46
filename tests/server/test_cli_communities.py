"""`tertulia community …`: communities made and kept from the command line (design §7)."""

from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from domain.kinds import History, Life, MembershipState, Preset, Relay
from domain.roles import CommunityRole
from server.settings import load
from social import follows
from storage.database import run_once
from storage.queries import communities
from storage.queries.actors import local_by_handle
from storage.queries.communities import CommunityRow, MemberRow
from storage.tables.jobs import jobs
from storage.tx import Tx
from tests.server.test_cli import Run, create, run

__all__ = ["run"]

HANDLE = "safe-lifting"
_JOBS = select(jobs.c.kind, jobs.c.payload)


def found(run: Run, *more: str) -> None:
    for name in ("ana", "bo"):
        create(run, name)
    result = run(
        *("community", "create", HANDLE, "--name", "Safe lifting", "--by", "ana"),
        *("--purpose", "Lift without pain", "--steward", "bo", *more),
    )
    assert (result.exit_code, result.stderr) == (0, "")


def launched(run: Run, *more: str) -> None:
    found(run, *more)
    assert follow("bo") == 0
    assert run("community", "launch", HANDLE).exit_code == 0


def follow(name: str) -> int:
    settings = load()

    def act(tx: Tx) -> int:
        who, what = local_by_handle(tx, name), local_by_handle(tx, HANDLE)
        assert who is not None
        assert what is not None
        follows.follow(tx, node=settings.node(), follower_id=who.id, target_id=what.id)
        return 0

    return run_once(settings.database, act)


def community() -> CommunityRow:
    def read(tx: Tx) -> CommunityRow:
        actor = local_by_handle(tx, HANDLE)
        assert actor is not None
        row = communities.by_id(tx, actor.id)
        assert row is not None
        return row

    return run_once(load().database, read)


def member(name: str) -> MemberRow | None:
    def read(tx: Tx) -> MemberRow | None:
        actor, person = local_by_handle(tx, HANDLE), local_by_handle(tx, name)
        assert actor is not None
        assert person is not None
        return communities.member(tx, actor.id, person.id)

    return run_once(load().database, read)


def test_a_community_is_founded_and_its_stewards_are_invited(run: Run) -> None:
    found(run, "--preset", "partners", "--hidden")
    row, bo = community(), member("bo")
    assert (row.preset, row.listed, row.life) == (Preset.PARTNERS, False, Life.PLANNING)
    assert bo is not None
    assert (bo.state, bo.role) == (MembershipState.INVITED, CommunityRole.STEWARD)


def test_what_the_world_reads_hides_nothing(run: Run) -> None:
    create(run)
    words = ("--name", "X", "--by", "ana", "--preset", "world")
    for hiding in (("--hidden",), ("--history", "since-joining")):
        result = run("community", "create", "x", *words, *hiding)
        assert result.exit_code == 1
        assert "Everybody can read a community that is open to the world" in result.stderr
    result = run("community", "create", "x", *words)
    assert (result.exit_code, "Open to the world" in result.stdout) == (0, True)
    result = run("community", "set", "x", "--history", "since-joining")
    assert (result.exit_code, "Everybody can read" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("create", "admin", "--name", "X", "--by", "nobody"), "Nobody is known as @nobody"),
        (("create", "tertulia", "--name", "X", "--by", "ana"), "reserved"),
        (("create", "bo", "--name", "X", "--by", "ana"), "cannot be used"),
        (("launch", "nothing"), "no community called @nothing"),
        (("launch", "ana"), "no community called @ana"),
        (("approve", HANDLE, "bo"), "Nobody of that name asks"),
        (("remove", HANDLE, "bo"), "belongs to this community"),
        (("role", HANDLE, "ana", "member"), "only steward"),
        (("add", HANDLE, "bo", "--until", "soon"), "no date"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_refusals_say_why(run: Run, words: tuple[str, ...], reason: str) -> None:
    found(run)
    assert reason.lower() in run("community", *words).stderr.lower()


def test_launching_needs_two_stewards_and_a_purpose(run: Run) -> None:
    found(run)
    assert "two stewards" in run("community", "launch", HANDLE).stderr
    follow("bo")
    assert run("community", "launch", HANDLE).exit_code == 0
    assert community().life is Life.ACTIVE


def test_a_guest_is_added_with_a_sponsor_and_an_end_date(run: Run) -> None:
    launched(run)
    create(run, "gus", "--role", "guest")
    assert "sponsor and an end" in run("community", "add", HANDLE, "gus").stderr
    words = ("--sponsor", "bo", "--until", "2099-12-31")
    assert run("community", "add", HANDLE, "gus", *words).exit_code == 0
    shown = run("community", "list", HANDLE).stdout
    assert "@gus  belongs, member, until 2099-12-31" in shown
    assert run("community", "remove", HANDLE, "gus", "--reason", "Over").exit_code == 0
    row = member("gus")
    assert row is not None
    assert row.state is MembershipState.REMOVED


def test_requests_are_shown_and_answered(run: Run) -> None:
    launched(run)
    for name in ("dee", "eli"):
        create(run, name)
        follow(name)
    assert run("community", "requests").stdout.splitlines() == [
        f"@dee asks to join @{HANDLE}",
        f"@eli asks to join @{HANDLE}",
    ]
    assert run("community", "approve", HANDLE, "dee").exit_code == 0
    assert run("community", "refuse", HANDLE, "eli", "--reason", "Later").exit_code == 0
    assert run("community", "requests", HANDLE).stdout == ""
    dee = member("dee")
    assert dee is not None
    assert dee.state is MembershipState.ACTIVE
    assert member("eli") is None
    assert "3 members" in run("community", "list").stdout


def test_whoever_lives_elsewhere_is_looked_up_by_the_running_node(run: Run, tmp_path: Path) -> None:
    launched(run, "--preset", "partners")
    result = run("community", "add", HANDLE, "@cy@n3.example", "--sponsor", "bo")
    assert result.exit_code == 0
    wanted = run_once(load().database, lambda tx: dict(tx.all(_JOBS)))
    assert orjson.loads(wanted["invite"])["host"] == "n3.example"


def test_roles_are_given(run: Run) -> None:
    launched(run)
    assert run("community", "role", HANDLE, "bo", "guide").exit_code == 0
    bo = member("bo")
    assert bo is not None
    assert bo.role is CommunityRole.GUIDE


def test_settings_are_changed_and_shown(run: Run) -> None:
    launched(run)
    result = run(
        *("community", "set", HANDLE, "--relay", "timeline", "--pictures", "yes"),
        *("--wider", "yes", "--keeps-words", "yes", "--takes-back", "yes"),
        *("--history", "since-joining", "--name", "Lifting", "--purpose", "Lift well"),
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert "It is called Lifting now." in result.stdout
    row = community()
    assert (row.relay, row.history, row.purpose) == (
        Relay.TIMELINE,
        History.SINCE_JOINING,
        "Lift well",
    )
    assert row.relays_pictures
    assert row.takes_wider
    assert row.keeps_words
    assert row.takes_back
    shown = run("community", "list", HANDLE).stdout
    for line in ("relay timeline: ", "pictures yes: ", "history since-joining: ", "wider yes: "):
        assert line in shown
    again = run("community", "set", HANDLE, "--relay", "timeline")
    assert again.stdout == "It is set so already.\n"
    assert run("community", "set", HANDLE, "--wider", "no").exit_code == 0
    assert not community().takes_wider
    assert community().relays_pictures  # what is not named stays


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("set", "nobody", "--relay", "notify"), 1, "no community called @nobody"),
        (("set", HANDLE, "--relay", "loud"), 2, "'loud' is not one of"),
        (("set", HANDLE, "--history", "none"), 2, "'none' is not one of"),
        (("set", HANDLE, "--name", ""), 1, "A name has 1 to"),
    ],
    ids=["nobody", "relay", "history", "name"],
)
def test_what_cannot_be_set_is_refused(
    run: Run, words: tuple[str, ...], code: int, reason: str
) -> None:
    launched(run)
    before = community()
    result = run("community", *words)
    assert result.exit_code == code
    assert reason in result.stderr
    assert community() == before
