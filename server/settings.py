"""Settings: `tertulia.toml` in the data folder, overridden by `TERTULIA_…` variables."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, get_args, get_origin

from domain.audience import Kind
from domain.node import Federation, Node, Registration

PREFIX = "TERTULIA_"
FILE = "tertulia.toml"
PUBLIC_MEANS = {"public": Kind.PUBLIC, "network": Kind.NETWORK, "node": Kind.NODE}


class SettingsError(Exception):
    """A setting that cannot be used; the message names it and says what would be accepted."""


def _setting(default: object, about: str) -> object:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides. `docs/settings.md` lists the same; a test compares them."""

    data: str = _setting("./var", "Folder for the database, keys and uploads.")  # type: ignore[assignment]
    bind: str = _setting("127.0.0.1:8080", "Address and port to listen on.")  # type: ignore[assignment]
    origin: str = _setting(  # type: ignore[assignment]
        "", "Public address, such as https://learn.example. Fixed at first start."
    )
    handle_domain: str = _setting(  # type: ignore[assignment]
        "", "Domain in handles (@ana@learn.example) when it differs from the origin."
    )
    name: str = _setting("Tertulia", "What people see as the name of this node.")  # type: ignore[assignment]
    database_url: str = _setting(  # type: ignore[assignment]
        "", "PostgreSQL address; empty means SQLite in the data folder."
    )
    federation: Literal["closed", "partners", "open"] = _setting(  # type: ignore[assignment]
        "partners", "Whom this node talks to: nobody, an allow-list, or all but blocked domains."
    )
    public_means: Literal["network", "public", "node"] = _setting(  # type: ignore[assignment]
        "network", "Who reads a post that an app calls public."
    )
    registration: Literal["closed", "invite", "open"] = _setting(  # type: ignore[assignment]
        "closed", "How a person gets an account."
    )
    rate_limits: Literal["on", "off"] = _setting("on", "Limits on requests per address and person.")  # type: ignore[assignment]
    smtp_url: str = _setting("", "Where mail goes; a folder in development.")  # type: ignore[assignment]
    allow_private_networks: str = _setting(  # type: ignore[assignment]
        "", "Networks that this node may reach although they are private. Development only."
    )
    tls_ca_file: str = _setting("", "Extra certificate authority to trust when calling others.")  # type: ignore[assignment]

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
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Private networks that the client may reach."""
        return tuple(
            ip_network(part.strip())
            for part in self.allow_private_networks.split(",")
            if part.strip()
        )

    def node(self) -> Node:
        """The node that these settings describe."""
        return Node(
            origin=self.origin,
            handle_domain=self.handle_domain,
            name=self.name,
            federation=Federation(self.federation),
            public_means=PUBLIC_MEANS[self.public_means],
            registration=Registration(self.registration),
        )


def load(
    environment: Mapping[str, str] = os.environ, given: Mapping[str, str | None] | None = None
) -> Settings:
    """Read settings: command line over environment over file over defaults.

    Raises:
        SettingsError: a name or value that is not known, with the accepted ones.
    """
    flags = {name: value for name, value in (given or {}).items() if value is not None}
    data = flags.get("data") or environment.get(f"{PREFIX}DATA") or Settings().data
    values: dict[str, str] = {**_from_file(Path(data) / FILE), **_from_environment(environment)}
    return _complete(_checked({**values, **flags, "data": data}))


def _from_file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    return {name: str(value) for name, value in content.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_")
    }


def _checked(values: dict[str, str]) -> Settings:
    known = {item.name: item for item in fields(Settings)}
    for name, value in values.items():
        if name not in known:
            raise SettingsError(f"There is no setting called {name}. Known: {', '.join(known)}.")
        accepted = get_args(known[name].type) if get_origin(known[name].type) is Literal else ()
        if accepted and value not in accepted:
            raise SettingsError(f"{name} cannot be {value!r}; choose one of {', '.join(accepted)}.")
    settings = Settings(**values)  # type: ignore[arg-type]
    _refuse_unusable(settings)
    return settings


def _refuse_unusable(settings: Settings) -> None:
    try:
        port = settings.address[1]
    except ValueError:
        raise SettingsError(f"bind must look like 127.0.0.1:8080, not {settings.bind!r}.") from None
    if not 0 < port < 65536:
        raise SettingsError(f"bind needs a port between 1 and 65535, not {port}.")
    try:
        _ = settings.networks
    except ValueError as error:
        raise SettingsError(f"allow_private_networks: {error}.") from None


def _complete(settings: Settings) -> Settings:
    """Fill what follows from the rest: the origin of a node that only listens here."""
    values = {item.name: getattr(settings, item.name) for item in fields(Settings)}
    if not settings.origin:
        host, port = settings.address
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
        values["origin"] = f"http://{shown}:{port}"
    values["origin"] = values["origin"].rstrip("/")
    if not settings.handle_domain:
        values["handle_domain"] = values["origin"].partition("://")[2]
    return Settings(**values)
