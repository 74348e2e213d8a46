"""The command line: what it does, what it refuses, how it says so; and what doctor finds."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from domain.kinds import Role
from domain.node import APPLICATION_HANDLE, HELPER_HANDLE
from server import bootstrap, doctor
from server.cli import main, working
from server.settings import load
from social import passwords, signin
from social.accounts import reset_for
from storage.database import run_once
from storage.queries import accounts, health, origins
from storage.queries.actors import local_by_handle
from storage.queries.keys import public_keys
from storage.queries.origins import DomainRule
from storage.sqlite import ServingLock
from tests.support.nodes import PooledKeyring

Run = Callable[..., Result]
PASSWORD = "a long enough password"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command on a fresh data folder; keys come from the pool."""
    monkeypatch.setattr(working, "Keyring", PooledKeyring)
    for name in [name for name in os.environ if name.startswith("TERTULIA_")]:
        if not name.startswith("TERTULIA_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERTULIA_DATA", str(tmp_path / "var"))
    umask = os.umask(0o022)

    def call(*words: str, input: str | None = None) -> Result:  # noqa: A002 - click's word
        return CliRunner().invoke(main, list(words), input=input)

    yield call
    os.umask(umask)


def database() -> str:
    return load().database


def create(run: Run, name: str = "ana", *more: str) -> Result:
    words = ("--email", f"{name}@mail.example", "--password", PASSWORD)
    return run("account", "create", name, *words, *more)


def account(name: str = "ana") -> accounts.AccountRow:
    found = run_once(database(), accounts.by_handle, name)
    assert found is not None
    return found


def test_an_account_is_made_on_an_empty_folder(run: Run) -> None:
    result = create(run, "ana", "--role", "admin")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "@ana@127.0.0.1:8080" in result.stdout
    row = account()
    assert row.role is Role.ADMIN
    assert passwords.verify_now(row.password_hash, PASSWORD).fits
    assert PASSWORD not in result.output


def test_a_password_comes_from_standard_input_or_is_asked_for(run: Run) -> None:
    words = ("account", "create", "ana", "--email", "ana@mail.example")
    result = run(*words, "--password", "-", input=f"{PASSWORD}\nmore\n")
    assert result.exit_code == 0
    assert passwords.verify_now(account().password_hash, PASSWORD).fits
    result = run(
        *("account", "create", "bo", "--email", "bo@mail.example"),
        input=f"{PASSWORD}\n{PASSWORD}\n",
    )
    assert result.exit_code == 0
    assert PASSWORD not in result.output, "typed without being shown"


@pytest.mark.parametrize(
    ("words", "code", "about"),
    [
        (["create", "tertulia", "--email", "a@b.example", "--password", PASSWORD], 1, "reserved"),
        (["create", "no good", "--email", "a@b.example", "--password", PASSWORD], 1, "handle"),
        (["create", "ana", "--email", "nowhere", "--password", PASSWORD], 1, "e-mail"),
        (["create", "ana", "--email", "a@b.example", "--password", "short"], 1, "at least 8"),
        (["create", "ana", "--email", "a@b.example", "--role", "king"], 2, "king"),
        (["create", "ana"], 2, "--email"),
        (["role", "nobody", "member"], 1, "not found"),
        (["disable", "nobody"], 1, "not found"),
        (["reset", "nobody", "--password", PASSWORD], 1, "not found"),
        (["vanish", "ana"], 2, "vanish"),
    ],
)
def test_a_refusal_is_one_plain_line(run: Run, words: list[str], code: int, about: str) -> None:
    result = run("account", *words)
    assert result.exit_code == code
    assert about in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_a_name_is_given_once(run: Run) -> None:
    assert create(run).exit_code == 0
    assert create(run, "Ana").exit_code == 1


def test_roles_are_changed_and_the_last_admin_stays(run: Run) -> None:
    create(run, "boss", "--role", "admin")
    create(run)
    assert run("account", "role", "@ana", "guest").exit_code == 0
    assert account().role is Role.GUEST
    assert account().epoch == 2
    result = run("account", "role", "boss", "member")
    assert result.exit_code == 1
    assert "only admin" in result.stderr
    assert run("account", "disable", "boss").exit_code == 1
    assert run("account", "disable", "ana").exit_code == 0
    assert not account().is_active


def test_a_token_is_all_that_is_printed_and_works(run: Run) -> None:
    create(run)
    result = run("token", "create", "ana", "--scopes", "read write follow push")
    assert result.exit_code == 0
    (token,) = result.stdout.splitlines()
    identity = run_once(database(), signin.identify, token)
    assert identity is not None
    assert (identity.account_id, identity.scopes) == (account().id, "read write follow push")
    run("account", "reset", "ana", "--password", "another long password")
    assert run_once(database(), signin.identify, token) is None
    assert passwords.verify_now(account().password_hash, "another long password").fits


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nobody", "--scopes", "read"], 1),
        (["ana", "--scopes", "admin:write"], 2),
        (["ana", "--scopes", "read everything"], 2),
        (["ana", "--scopes", ""], 2),
        (["closed", "--scopes", "read"], 1),
    ],
)
def test_a_token_for_nobody_or_for_too_much_is_refused(
    run: Run, words: list[str], code: int
) -> None:
    create(run)
    create(run, "closed")
    run("account", "disable", "closed")
    result = run("token", "create", *words)
    assert (result.exit_code, result.stdout) == (code, "")


def test_partners_are_allowed_blocked_and_listed(run: Run) -> None:
    assert run("partner", "allow", "LAB.example").exit_code == 0
    assert run("partner", "allow", "https://uni.example:8443/").exit_code == 0
    assert run("partner", "block", "bücher.example", "--reason", "spam").exit_code == 0
    assert run("partner", "block", "@evil@lab.example").exit_code == 0
    listed = run("partner", "list").stdout
    assert listed.splitlines() == [
        "federation: partners",
        "blocked  lab.example",
        "allowed  uni.example:8443",
        "blocked  xn--bcher-kva.example  (spam)",
    ]

    def patterns(rules: list[DomainRule]) -> set[str]:
        return {rule.pattern for rule in rules}

    def match(authority: str) -> set[str]:
        return patterns(run_once(database(), origins.matching_rules, authority))

    assert match("deep.lab.example:444") == {"lab.example"}
    assert match("notlab.example") == set()
    assert match("uni.example") == set()
    assert match("uni.example:8443") == {"uni.example:8443"}


@pytest.mark.parametrize(
    "domain",
    ["", "lab", "lab.example/x", "lab.example..", "a b.example", "127.1", "127.0.0.1:8080"],
)
def test_N03_what_is_no_domain_or_is_this_node_is_refused(run: Run, domain: str) -> None:
    for action in ("allow", "block"):
        result = run("partner", action, domain)
        assert result.exit_code == 1, result.output
        assert "Traceback" not in result.output
    assert run("partner", "list").stdout == "federation: partners\n"


def test_a_bad_setting_stops_every_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_FEDERATION", "everybody")
    for words in (["serve"], ["migrate"], ["doctor"], ["partner", "list"]):
        result = run(*words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "closed, partners, open" in result.stderr


def test_migrate_is_idempotent_and_refused_while_a_node_runs(run: Run) -> None:
    assert run("migrate").exit_code == 0
    assert run("migrate").exit_code == 0
    lock = ServingLock(Path(database().removeprefix("sqlite:///")))
    try:
        result = run("migrate")
    finally:
        lock.release()
    assert result.exit_code == 1
    assert "stop it first" in result.stderr


def test_serve_in_parts_is_refused_on_sqlite(run: Run) -> None:
    result = run("serve", "--role", "worker")
    assert result.exit_code == 2
    assert "PostgreSQL" in result.stderr


def test_a_command_keeps_the_names_of_the_first_start(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERTULIA_ORIGIN", "https://learn.example")
    create(run)
    monkeypatch.delenv("TERTULIA_ORIGIN")
    assert "@bo@learn.example" in create(run, "bo").stdout
    monkeypatch.setenv("TERTULIA_ORIGIN", "https://other.example")
    result = create(run, "cy")
    assert result.exit_code == 2
    assert "belongs to https://learn.example" in result.stderr


# Doctor.


def findings(**given: str) -> dict[str, str]:
    return {found.about: found.grade for found in doctor.examine(load(given=given))}


def test_doctor_finds_a_healthy_node_healthy(run: Run) -> None:
    create(run)
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert set(findings().values()) <= {"fine", "note"}


def test_doctor_says_what_is_missing_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    result = run("doctor")
    assert result.exit_code == 1
    assert "tertulia migrate" in result.stdout
    assert not (tmp_path / "var").exists()
    (tmp_path / "var").mkdir(mode=0o700)
    assert run("doctor").exit_code == 1
    assert list((tmp_path / "var").iterdir()) == []


def test_doctor_says_that_the_store_of_files_is_away(tmp_path: Path) -> None:
    away = "s3://key:secret@gone?endpoint=http://127.0.0.1:9"
    settings = load(given={"data": str(tmp_path), "files": away})
    (found,) = [one for one in doctor.examine(settings) if one.about == "files"]
    assert found.grade == "wrong"
    assert "secret" not in found.text
    here = load(given={"data": str(tmp_path)})
    assert [one.grade for one in doctor.examine(here) if one.about == "files"] == ["fine"]


def test_X09_doctor_finds_a_folder_or_key_that_others_can_read(run: Run, tmp_path: Path) -> None:
    create(run)
    assert (tmp_path / "var" / "tertulia.sqlite3").stat().st_mode & 0o077 == 0
    (tmp_path / "var").chmod(0o755)
    (tmp_path / "var" / "secret.key").chmod(0o644)
    found = findings()
    assert (found["data"], found["secret key"]) == ("wrong", "wrong")
    assert run("doctor").exit_code == 1


def test_F_a_public_node_with_private_networks_is_wrong(run: Run, tmp_path: Path) -> None:
    folder = str(tmp_path / "public")
    given = {"data": folder, "origin": "https://learn.example"}
    found = load(given=given)
    bootstrap.prepare_folder(found)
    bootstrap.migrated(found)
    bootstrap.start(found, PooledKeyring(found.folder))
    assert "allow_private_networks" not in findings(**given)
    assert findings(**given, allow_private_networks="10.0.0.0/8")["allow_private_networks"] == (
        "wrong"
    )
    assert findings(**given, bind="0.0.0.0:8080").get("bind") is None


def test_doctor_finds_a_missing_authority_and_an_open_door(run: Run) -> None:
    create(run)
    assert findings(tls_ca_file="/nowhere/ca.pem")["tls_ca_file"] == "wrong"
    assert findings(bind="0.0.0.0:8080")["bind"] == "wrong"
    assert "bind" not in findings(bind="127.0.0.1:8080")


@pytest.mark.both
def test_doctor_counts_connections_and_compares_clocks(
    run: Run, new_database_url: Callable[[], str]
) -> None:
    url = new_database_url()
    free = run_once(url, health.free_connections)
    assert abs(run_once(url, health.clock_difference)) < doctor.CLOCK_MS
    if url.startswith("postgresql"):
        assert free is not None
        assert free > 0
        found = findings(database_url=url)
        assert found["database"] == "fine"
        assert found["connections"] in {"fine", "wrong"}
    else:
        assert free is None


def test_doctor_tells_a_database_that_cannot_be_reached(run: Run) -> None:
    found = findings(database_url="postgresql://nobody@127.0.0.1:1/none")
    assert found["database"] == "wrong"


def test_a_decision_about_a_domain_is_taken_back(run: Run) -> None:
    run("partner", "block", "Bad.example")
    result = run("partner", "forget", "https://bad.example/")
    assert (result.exit_code, result.stderr) == (0, "")
    assert run_once(database(), origins.rules) == []
    again = run("partner", "forget", "bad.example")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "Nothing was decided about bad.example" in again.stderr


def test_a_link_for_a_forgotten_password_is_printed(run: Run) -> None:
    create(run)
    result = run("account", "reset", "@ana")
    address, _, rest = result.stdout.partition("\n")
    assert (result.exit_code, rest) == (0, "")
    origin, _, secret = address.partition("/reset/")
    assert origin == "http://127.0.0.1:8080"
    assert run_once(database(), reset_for, secret=secret).handle == "ana"
    assert "@ana alone" in result.stderr
    run("account", "create", "bo", "--email", "bo@mail.example", "--password", PASSWORD)
    run("account", "disable", "bo")
    refused = run("account", "reset", "bo")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "closed" in refused.stderr


def key_ids(handle: str) -> list[str]:
    actor = run_once(database(), local_by_handle, handle)
    assert actor is not None
    return [key.uri.partition("#")[2] for key in run_once(database(), public_keys, actor.id)]


FIRST, SECOND = ["main-key", "ed25519-key"], ["main-key-2", "ed25519-key-2"]
ROTATED = {
    "@Ana": ({"ana"}, "@Ana has new keys."),
    "tertulia": ({"tertulia"}, "@tertulia has new keys."),
    "--all": ({"ana", "bo"}, "2 actors have new keys."),
    "--node": ({"tertulia", "node"}, "2 actors have new keys."),
    "--all --node": ({"ana", "bo", "tertulia", "node"}, "4 actors have new keys."),
}


@pytest.mark.parametrize("words", ROTATED)
def test_keys_are_rotated(run: Run, words: str) -> None:
    changed, said = ROTATED[words]
    create(run)
    create(run, "bo")
    result = run("keys", "rotate", *words.split())
    assert (result.exit_code, result.stdout.strip()) == (0, said)
    for handle in ("ana", "bo", HELPER_HANDLE, APPLICATION_HANDLE):
        assert key_ids(handle) == (SECOND if handle in changed else FIRST), handle


@pytest.mark.parametrize(
    ("words", "code"), [("", 2), ("ana --all", 2), ("ana --node", 2), ("nobody", 1)]
)
def test_whose_keys_must_be_said(run: Run, words: str, code: int) -> None:
    create(run)
    result = run("keys", "rotate", *words.split())
    assert (result.exit_code, result.stdout) == (code, "")
    assert "Traceback" not in result.output
    assert key_ids("ana") == FIRST
