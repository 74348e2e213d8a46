"""First start: names for good, the helper and the node's own actor, the first admin, stopping."""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from bench.ports import free_port
from domain.ids import HERE
from domain.kinds import ActorType, KeyType, SignatureScheme
from domain.node import APPLICATION_HANDLE, HELPER_HANDLE
from federation.keyring import Keyring, KeyringError
from server import bootstrap
from server.main import make_ready
from server.settings import Settings, SettingsError, load
from server.wiring import Role as Part
from server.wiring import running
from social import accounts as people
from storage.database import run_once
from storage.queries import actors, keys, origins
from storage.queries.accounts import any_admin
from storage.tx import Tx
from tests.support.nodes import PooledKeyring


def settings(folder: Path, **given: str) -> Settings:
    return load({}, {"data": str(folder), **given})


def ready(folder: Path, **given: str) -> Settings:
    found = settings(folder, **given)
    bootstrap.prepare_folder(found)
    bootstrap.migrated(found)
    return bootstrap.start(found, PooledKeyring(found.folder))


def test_the_first_start_makes_both_actors_with_keys(tmp_path: Path) -> None:
    found = ready(tmp_path, origin="https://learn.example")

    def look(tx: Tx) -> None:
        helper = actors.local_by_handle(tx, HELPER_HANDLE)
        node = actors.local_by_handle(tx, APPLICATION_HANDLE)
        here = origins.by_id(tx, HERE)
        assert helper is not None
        assert node is not None
        assert here is not None
        assert (helper.type, node.type) == (ActorType.SERVICE, ActorType.APPLICATION)
        assert helper.public
        assert node.public
        assert not node.discoverable
        assert (here.origin, here.application_id) == ("https://learn.example", node.id)
        assert here.scheme is SignatureScheme.OURS
        assert actors.application_of(tx, HERE) == node
        for kind in KeyType:
            assert set(keys.own_keys(tx, [helper.id, node.id], kind)) == {helper.id, node.id}

    run_once(found.database, look)


def test_starting_again_changes_nothing(tmp_path: Path) -> None:
    found = ready(tmp_path, origin="https://learn.example")
    before = run_once(found.database, actors.local_by_handle, HELPER_HANDLE)
    again = ready(tmp_path)
    assert again.origin == "https://learn.example", "remembered"
    assert again.handle_domain == "learn.example"
    assert run_once(found.database, actors.local_by_handle, HELPER_HANDLE) == before


@pytest.mark.parametrize(
    "given",
    [
        {"origin": "https://other.example"},
        {"origin": "http://127.0.0.1:8080"},
        {"origin": "https://learn.example:8443"},
        {"handle_domain": "other.example"},
    ],
)
def test_other_names_are_refused_with_the_reason(tmp_path: Path, given: dict[str, str]) -> None:
    ready(tmp_path, origin="https://learn.example")
    with pytest.raises(SettingsError, match=r"learn\.example"):
        ready(tmp_path, **given)
    ready(tmp_path, origin="https://learn.example", handle_domain="learn.example")


def test_two_first_starts_at_once_agree_or_one_is_refused(tmp_path: Path) -> None:
    found = ready(tmp_path, origin="https://learn.example")
    pair = {name: PooledKeyring(tmp_path).make() for name in (HELPER_HANDLE, APPLICATION_HANDLE)}
    run_once(found.database, bootstrap.prepare, node=found.node(), keys=pair)
    with pytest.raises(SettingsError, match="belongs to"):
        run_once(
            found.database,
            bootstrap.prepare,
            node=settings(tmp_path, origin="https://other.example").node(),
            keys=pair,
        )


def test_a_node_on_this_machine_listens_where_its_links_lead(tmp_path: Path) -> None:
    ready(tmp_path, bind="127.0.0.1:9001")
    bootstrap.refuse_wrong_door(ready(tmp_path, bind="127.0.0.1:9001"))
    with pytest.raises(SettingsError, match="9001"):
        bootstrap.refuse_wrong_door(ready(tmp_path, bind="127.0.0.1:9002"))


def test_behind_a_proxy_the_port_is_free(tmp_path: Path) -> None:
    bootstrap.refuse_wrong_door(
        ready(tmp_path, origin="https://learn.example", bind="127.0.0.1:9002")
    )


def test_another_data_folder_s_key_is_refused(tmp_path: Path) -> None:
    found = ready(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    helper = run_once(found.database, actors.local_by_handle, HELPER_HANDLE)
    assert helper is not None
    stored = run_once(found.database, keys.own_keys, [helper.id], KeyType.RSA)[helper.id]
    Keyring(tmp_path).unseal(stored.sealed)
    with pytest.raises(KeyringError):
        Keyring(other).unseal(stored.sealed)


def test_the_data_folder_is_its_owner_s_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "var"
    ready(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "secret.key").stat().st_mode & 0o777 == 0o600


def test_the_welcome_link_is_gone_once_there_is_an_admin(tmp_path: Path) -> None:
    found = ready(tmp_path, origin="https://learn.example")
    link = bootstrap.welcome_link(found)
    assert link is not None
    assert link.startswith("https://learn.example/welcome/"), "never another host's (A15)"

    def redeem(tx: Tx) -> int:
        return people.redeem_link(
            tx,
            node=found.node(),
            secret=link.rpartition("/")[2],
            handle="boss",
            email="boss@mail.example",
            password_hash="",
            keys=None,
        )

    run_once(found.database, redeem)
    assert run_once(found.database, any_admin)
    assert bootstrap.welcome_link(found) is None


@pytest.mark.parametrize("handle", [HELPER_HANDLE, APPLICATION_HANDLE])
def test_the_node_s_own_handles_are_nobody_s(tmp_path: Path, handle: str) -> None:
    found = ready(tmp_path)

    def insert(tx: Tx) -> bool:
        return people.insert_local_actor(
            tx, node=found.node(), actor_id=7, handle=handle, kind=ActorType.PERSON, keys=None
        )

    assert run_once(found.database, insert) is False


@pytest.mark.parametrize("part", [Part.WEB, Part.WORKER])
def test_sqlite_is_not_served_in_parts(tmp_path: Path, part: Part) -> None:
    with pytest.raises(SettingsError, match="PostgreSQL"):
        make_ready(settings(tmp_path), part)


def test_a_missing_authority_is_told_before_starting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="tls_ca_file"):
        make_ready(settings(tmp_path, tls_ca_file=str(tmp_path / "none.pem")), Part.ALL)


async def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    port = free_port()
    found = await asyncio.to_thread(ready, tmp_path, bind=f"127.0.0.1:{port}")
    listener = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", port)
    async with listener:
        with pytest.raises(SettingsError, match="bind"):
            async with running(found, Keyring(tmp_path), Part.ALL):
                pass


@pytest.mark.both
async def test_each_part_of_a_node_starts_and_stops(
    tmp_path: Path, new_database_url: Callable[[], str]
) -> None:
    url = new_database_url()
    postgresql = url.startswith("postgresql")
    given = {"bind": f"127.0.0.1:{free_port()}", **({"database_url": url} if postgresql else {})}
    found = await asyncio.to_thread(lambda: ready(tmp_path, **given))
    for part in (Part.ALL, Part.WEB, Part.WORKER) if postgresql else (Part.ALL,):
        async with running(found, Keyring(tmp_path), part) as parts:
            await asyncio.sleep(0.1)
            assert not parts.failed.is_set()
            assert await parts.db.read(actors.local_by_handle, HELPER_HANDLE) is not None


def test_serve_prints_the_link_answers_and_stops_when_told(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from server.cli import main; main()", "serve"),
            *("--data", str(tmp_path / "var"), "--bind", f"127.0.0.1:{port}"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TERTULIA_RATE_LIMITS": "off"},
    )
    try:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        assert first == f"Tertulia is at http://127.0.0.1:{port}\n"
        link = second.rpartition(" ")[2].strip()
        assert link.startswith(f"http://127.0.0.1:{port}/welcome/")
        assert status(f"http://127.0.0.1:{port}/nodeinfo/2.0") == 200
        assert status(f"http://127.0.0.1:{port}/no/such/page") == 404
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=40)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == 0, errors
    assert "event=serving" in errors
    assert link.rpartition("/")[2] not in errors, "the link is a secret: it is not in the log"


def status(url: str) -> int:
    until = monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            if monotonic() > until:
                raise
            sleep(0.1)
