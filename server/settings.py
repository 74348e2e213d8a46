"""Settings: `tertulia.toml` in the data folder, overridden by `TERTULIA_…` variables."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from domain import rates
from domain.addresses import (
    AddressPolicy,
    BadUrl,
    Url,
    canonical_authority,
    is_localhost,
    parse_url,
)
from domain.audience import Kind
from domain.networks import IPNetwork, is_global
from domain.node import Federation, Node, Registration
from social.archive import Room
from storage.blobs import FOLDER, Blobs, Folder
from storage.buckets import PATIENCE, SCHEME, BadPlace, bucket

PREFIX: Final = "TERTULIA_"
FILE: Final = "tertulia.toml"
TESTS_OWN: Final = "TERTULIA_TEST_"
"""Variables of the test suite begin so; they are no settings."""

_PUBLIC_MEANS: Final = {"public": Kind.PUBLIC, "network": Kind.NETWORK, "node": Kind.NODE}
_UNITS: Final = {"": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_SIZE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?([KMGT]B|)", re.IGNORECASE)
_ANYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


class SettingsError(Exception):
    """A setting that cannot be used; the message names it and says what would be accepted."""


def _setting(default: str, about: str) -> Any:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides. `docs/settings.md` lists the same; a test compares them.

    An empty `origin` means: what the database remembers from its first start, and before that
    the address that is listened on (`server/bootstrap.py`).
    """

    data: str = _setting("./var", "Folder for the database, keys and uploads.")
    bind: str = _setting("127.0.0.1:8080", "Address and port to listen on.")
    origin: str = _setting(
        "", "Public address, such as https://learn.example. Fixed at first start."
    )
    handle_domain: str = _setting(
        "", "Domain in handles (@ana@learn.example) when it differs from the origin's."
    )
    name: str = _setting("Tertulia", "What people see as the name of this node.")
    database_url: str = _setting("", "PostgreSQL address; empty means SQLite in the data folder.")
    contact_email: str = _setting("", "Whom other operators and people here can write to.")
    federation: Literal["closed", "partners", "open"] = _setting(
        "partners", "Whom this node talks to: nobody, an allow-list, or all but blocked domains."
    )
    public_means: Literal["network", "public", "node"] = _setting(
        "network", "Who reads a post that an app calls public."
    )
    registration: Literal["closed", "invite", "open"] = _setting(
        "closed", "How a person gets an account."
    )
    link_previews: Literal["on", "off"] = _setting(
        "on", "Whether this node looks at web pages to which people link; a closed node never does."
    )
    rate_limits: Literal["on", "off"] = _setting(
        "on", "Limits on requests and on attempts, per address and person."
    )
    rates: str = _setting(
        "", "Other rates than Mastodon's, by kind of request: posts=100/3h, media=200/30m."
    )
    proxies: str = _setting(
        "", "Networks of reverse proxies whose X-Forwarded-For is believed; nobody else's is."
    )
    smtp_url: str = _setting("", "Where mail goes; a folder in development.")
    allow_private_networks: str = _setting(
        "", "Networks that this node may reach although they are private. Development only."
    )
    files: str = _setting(
        "", "Where files lie: a folder, or s3://BUCKET?endpoint=…; empty means in the data folder."
    )
    account_quota: str = _setting("2 GB", "Room for the files of one person; 0 is no limit.")
    files_quota: str = _setting("0", "Room for the files of everybody here; 0 is no limit.")
    cache_quota: str = _setting(
        "5 GB", "Room for pictures and films of other servers, which can be fetched again."
    )
    tls_ca_file: str = _setting("", "Extra certificate authority to trust when calling others.")

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self.data)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.bind.rpartition(":")
        return host.strip("[]") or "127.0.0.1", int(port)

    @property
    def database(self) -> str:
        """The database address: PostgreSQL, or the SQLite file in the data folder."""
        return self.database_url or f"sqlite:///{self.folder / 'tertulia.sqlite3'}"

    @property
    def policy(self) -> AddressPolicy:
        """Which addresses the client may connect to."""
        return AddressPolicy.parse(self.allow_private_networks)

    @property
    def trusted_proxies(self) -> tuple[IPNetwork, ...]:
        """Reverse proxies whose word about a caller's address is believed."""
        return AddressPolicy.parse(self.proxies).allowed_networks

    @property
    def limits_rates(self) -> bool:
        """Whether requests and attempts are limited."""
        return self.rate_limits == "on"

    @property
    def room(self) -> Room:
        """How many bytes of files are kept."""
        return Room(
            one=size_of(self.account_quota),
            all=size_of(self.files_quota),
            cache=size_of(self.cache_quota),
        )

    def blobs(self, *, patience: float = PATIENCE) -> Blobs:
        """Where files lie. Connects to nothing yet. `patience`: seconds of trying again."""
        if self.files.startswith(SCHEME):
            return bucket(self.files, patience=patience)
        return Folder(Path(self.files) if self.files else self.folder / FOLDER)

    def node(self) -> Node:
        """The node that these settings describe: on its own machine, where nothing else is said."""
        origin = self.origin or self.listening
        return Node(
            origin=origin,
            handle_domain=self.handle_domain or parse_url(origin).authority,
            name=self.name,
            federation=Federation(self.federation),
            public_means=_PUBLIC_MEANS[self.public_means],
            registration=Registration(self.registration),
            looks_at_pages=self.link_previews == "on" and self.federation != "closed",
        )

    @property
    def listening(self) -> str:
        """The address that a browser on this machine uses."""
        host, port = self.address
        shown = "127.0.0.1" if host in _ANYWHERE else f"[{host}]" if ":" in host else host
        return parse_url(f"http://{shown}:{port}").origin

    def settled(self, *, origin: str, handle_domain: str) -> "Settings":
        """The same settings with the names that the database remembers."""
        return replace(self, origin=origin, handle_domain=handle_domain)


SETTINGS: Final[dict[str, Field[Any]]] = {item.name: item for item in fields(Settings)}


def load(
    environment: Mapping[str, str] = os.environ, given: Mapping[str, str | None] | None = None
) -> Settings:
    """Read settings: command line over environment over file over defaults.

    Raises:
        SettingsError: a name or value that is not known, with the accepted ones.
    """
    flags = {name: value for name, value in (given or {}).items() if value is not None}
    data = flags.get("data") or environment.get(f"{PREFIX}DATA") or Settings().data
    values = {**_from_file(Path(data) / FILE), **_from_environment(environment)}
    return _checked({**values, **flags, "data": data})


def _from_file(path: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    return {name: _text(path, name, value) for name, value in content.items()}


def _text(path: Path, name: str, value: object) -> str:
    """A value of the file as a variable would have it; lists are joined by commas."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, str | int):
        return str(value)
    raise SettingsError(f"{path}: {name} must be text.")


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and not name.startswith(TESTS_OWN)
    }


def _checked(values: dict[str, str]) -> Settings:
    for name, value in values.items():
        if name not in SETTINGS:
            raise SettingsError(f"There is no setting called {name}. Known: {', '.join(SETTINGS)}.")
        kind = SETTINGS[name].type
        accepted = get_args(kind) if get_origin(kind) is Literal else ()
        if accepted and value not in accepted:
            raise SettingsError(f"{name} cannot be {value!r}; choose one of {', '.join(accepted)}.")
    settings = Settings(**values)  # type: ignore[arg-type]
    _check_bind(settings)
    _check_networks(settings)
    _check_rates(settings)
    _check_database(settings)
    _check_files(settings)
    return _with_names(settings)


def _check_bind(settings: Settings) -> None:
    try:
        port = settings.address[1]
    except ValueError:
        raise SettingsError(f"bind must look like 127.0.0.1:8080, not {settings.bind!r}.") from None
    if not 0 < port < 65536:
        raise SettingsError(f"bind needs a port between 1 and 65535, not {port}.")


def _check_networks(settings: Settings) -> None:
    for name in ("allow_private_networks", "proxies"):
        try:
            AddressPolicy.parse(getattr(settings, name))
        except ValueError as error:
            raise SettingsError(f"{name}: {error}.") from None


def _check_rates(settings: Settings) -> None:
    try:
        rates.parse(settings.rates)
    except ValueError as error:
        raise SettingsError(f"rates: {error}.") from None


def _check_database(settings: Settings) -> None:
    url = settings.database_url
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError("database_url must begin with postgresql://, or be empty for SQLite.")


def _check_files(settings: Settings) -> None:
    for name in ("account_quota", "files_quota", "cache_quota"):
        try:
            size_of(getattr(settings, name))
        except ValueError:
            raise SettingsError(f"{name} must look like 500 MB, 2 GB or 0.") from None
    if "://" not in settings.files:
        return
    try:
        bucket(settings.files)
    except BadPlace as error:  # its text never repeats the address, which may hold a secret
        raise SettingsError(f"files: {error}.") from None


def size_of(text: str) -> int:
    """Bytes of a size such as "500 MB". Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError("not a size")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _with_names(settings: Settings) -> Settings:
    """The names in their one spelling."""
    origin = _canonical_origin(settings) if settings.origin else ""
    domain = settings.handle_domain
    try:
        domain = canonical_authority(domain) if domain else ""
    except BadUrl as error:
        raise SettingsError(f"handle_domain cannot be {domain!r}: {error.reason}.") from None
    if not origin:
        try:
            _ = settings.listening
        except BadUrl as error:
            raise SettingsError(
                f"No origin is given, and {settings.bind} cannot be one: {error.reason}."
            ) from None
    return replace(settings, origin=origin, handle_domain=domain)


def _canonical_origin(settings: Settings) -> str:
    try:
        url = parse_url(settings.origin)
    except BadUrl as error:
        raise SettingsError(f"origin cannot be {settings.origin!r}: {error.reason}.") from None
    if url.path != "/" or url.query or url.fragment:
        raise SettingsError(f"origin must end after the host, like {url.origin}.")
    if url.scheme == "http" and not is_private(url, settings.policy):
        raise SettingsError(
            f"origin must be https://{url.authority}: plain http is for this machine and for"
            " networks in allow_private_networks."
        )
    return url.origin


def is_private(url: Url, policy: AddressPolicy) -> bool:
    """Whether an origin is on this machine or in a network that was allowed for development."""
    address = url.address
    if address is not None:
        return address.is_loopback or (not is_global(address) and policy.permits(address))
    return is_localhost(url.host)


def is_loopback(host: str) -> bool:
    """Whether a host to listen on is this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return is_localhost(host)
