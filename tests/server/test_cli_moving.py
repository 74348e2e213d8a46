"""`tertulia account alias` and `tertulia account move`."""

from storage.database import run_once
from storage.queries.actors import local_by_handle
from storage.views.actors import ActorView
from tests.server.test_cli import Run, create, database, run

__all__ = ["run"]


def actor(name: str) -> ActorView:
    found = run_once(database(), local_by_handle, name)
    assert found is not None
    return found


def test_somebody_moves_to_an_account_that_names_the_old_one(run: Run) -> None:
    create(run, "ana")
    create(run, "bo")
    refused = run("account", "move", "ana", "@bo")
    assert refused.exit_code == 1
    assert "does not name this one yet" in refused.output
    assert run("account", "alias", "bo", "@ana").output == f"{actor('ana').uri}\n"
    moved = run("account", "move", "ana", "@bo")
    assert moved.exit_code == 0
    assert moved.output.startswith("@ana leads to @bo@")
    assert actor("ana").moved_to == actor("bo").uri
    again = run("account", "move", "ana", "@bo")
    assert again.exit_code == 1
    assert "less than seven days" in again.output
    assert run("account", "move", "@ana", "--end").exit_code == 0
    assert actor("ana").moved_to is None


def test_aliases_are_listed_and_removed(run: Run) -> None:
    create(run, "ana")
    create(run, "bo")
    assert run("account", "alias", "bo").output == ""
    run("account", "alias", "bo", "@ana")
    run("account", "alias", "bo", "@ana")
    assert run("account", "alias", "@bo").output == f"{actor('ana').uri}\n"
    assert run("account", "alias", "bo", "@ana", "--remove").output == ""
    run("account", "alias", "bo", "@ana")
    assert run("account", "alias", "bo", actor("ana").uri, "--remove").output == ""


def test_whom_nobody_knows_cannot_be_named(run: Run) -> None:
    create(run, "ana")
    for name in ("@nobody", "@eve@nowhere.invalid", "http://10.0.0.1/x"):
        refused = run("account", "alias", "ana", name)
        assert refused.exit_code == 1, refused.output
        assert "no account of that name" in refused.output
    assert run("account", "alias", "nobody", "@ana").exit_code == 1
    assert run("account", "move", "ana").exit_code == 2
