"""Our private keys: sealed at rest, opened for signing, never shown."""

from pathlib import Path

import pytest

from domain.kinds import KeyType
from federation.key_material import load_multikey, load_public_key
from federation.keyring import FILE, Keyring, KeyringError, NewKeys
from federation.recent import Recent
from storage.database import Database
from storage.queries.keys import insert_own_key, public_keys
from storage.tx import Tx


async def stored(db: Database, actor_id: int, made: NewKeys, name: str = "main-key") -> None:
    await db.write(
        insert_own_key,
        actor_id=actor_id,
        uri=f"https://a.example/a/{actor_id}#{name}",
        key_type=KeyType.RSA,
        public=made.rsa_public,
        sealed=made.rsa_sealed,
    )


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    sealed = Keyring(tmp_path).seal("x")
    file = tmp_path / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_bytes()) == 32
    before = file.read_bytes()
    again = Keyring(tmp_path)
    assert file.read_bytes() == before
    with pytest.raises(ValueError, match="private key"):
        again.unseal(sealed)  # opened, and "x" is no key
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_X09_a_key_file_that_others_read_is_refused(tmp_path: Path) -> None:
    Keyring(tmp_path)
    (tmp_path / FILE).chmod(0o640)
    with pytest.raises(KeyringError, match="0600"):
        Keyring(tmp_path)


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    (tmp_path / FILE).chmod(0o600)
    with pytest.raises(KeyringError):
        Keyring(tmp_path)


async def test_new_keys_sign_for_their_public_halves(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path)
    made = await keyring.generate()
    rsa, ed25519 = keyring.unseal(made.rsa_sealed), keyring.unseal(made.ed25519_sealed)
    assert load_public_key(made.rsa_public).verifies(rsa.sign(b"x"), b"x")
    assert load_multikey(made.ed25519_public).verifies(ed25519.sign(b"x"), b"x")


def test_X09_what_is_stored_opens_nothing_without_the_file(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Keyring(tmp_path / "one"), Keyring(tmp_path / "two")
    made = one.make()
    assert b"PRIVATE" not in made.rsa_sealed
    with pytest.raises(KeyringError):
        two.unseal(made.rsa_sealed)
    spoiled = bytearray(made.rsa_sealed)
    spoiled[40] ^= 1
    for sealed in (bytes(spoiled), b"", b"short", made.rsa_sealed[:-1]):
        with pytest.raises(KeyringError):
            one.unseal(sealed)


def test_nothing_secret_shows_in_a_repr(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path)
    made = keyring.make()
    shown = f"{keyring!r} {made!r} {keyring.unseal(made.rsa_sealed)!r}"
    assert "PRIVATE" not in shown
    assert made.rsa_sealed.hex() not in shown


async def test_the_current_key_of_an_actor_is_found(database: Database, tmp_path: Path) -> None:
    keyring = Keyring(tmp_path)
    made = keyring.make()
    await stored(database, 7, made)
    found = await keyring.signing_key(database, 7)
    assert found.uri == "https://a.example/a/7#main-key"
    assert load_public_key(made.rsa_public).verifies(found.key.sign(b"x"), b"x")
    assert await keyring.signing_keys(database, [7, 8]) == {7: found}
    with pytest.raises(KeyringError):
        await keyring.signing_key(database, 8)


async def test_a_rotated_key_is_noticed_within_two_seconds(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("federation.recent.time.monotonic", lambda: clock[0])
    keyring = Keyring(tmp_path)
    made = keyring.make()
    await stored(database, 7, made)
    assert (await keyring.signing_key(database, 7)).uri.endswith("#main-key")
    await stored(database, 7, made, "second-key")
    clock[0] += 1.9
    assert (await keyring.signing_key(database, 7)).uri.endswith("#main-key")
    clock[0] += 0.2
    assert (await keyring.signing_key(database, 7)).uri.endswith("#second-key")


async def test_public_halves_are_listed_rsa_first(database: Database, tmp_path: Path) -> None:
    made = Keyring(tmp_path).make()

    def store(tx: Tx) -> list[str]:
        for name, kind, public in (
            ("ed25519-key", KeyType.ED25519, made.ed25519_public),
            ("main-key", KeyType.RSA, made.rsa_public),
        ):
            uri = f"https://a.example/a/7#{name}"
            insert_own_key(tx, actor_id=7, uri=uri, key_type=kind, public=public, sealed=b"x")
        return [key.uri.rpartition("#")[2] for key in public_keys(tx, 7)]

    assert await database.write(store) == ["main-key", "ed25519-key"]


def test_answers_are_kept_for_two_seconds_and_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("federation.recent.time.monotonic", lambda: clock[0])
    recent: Recent[str, int] = Recent(most=2)
    recent.put("a", 1)
    assert recent.get("a") == 1
    clock[0] = 2.0
    assert recent.get("a") is None
    for name in "abc":
        recent.put(name, 1)
    assert recent.get("a") is None
    recent.forget("c")
    assert recent.get("c") is None


def test_keys_for_other_purposes_are_derived(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path)
    media = keyring.derive("media")
    assert len(media) == 32
    assert media == Keyring(tmp_path).derive("media"), "the same after a restart"
    assert media != keyring.derive("other")
    assert media != (tmp_path / FILE).read_bytes()
