"""Settings: the file, the variables, the page that documents them, what is refused."""

import re
from pathlib import Path

import pytest

from domain.audience import Kind
from domain.node import Federation, Registration
from server.settings import PREFIX, SETTINGS, Settings, SettingsError, load

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"\| `(\w+)` \| `(\w+)` \| (?:`(.+?)`|empty) \| (.+) \|")


def settings(tmp_path: Path, **variables: str) -> Settings:
    named = {f"{PREFIX}{name.upper()}": value for name, value in variables.items()}
    return load(named, {"data": str(tmp_path)})


def test_every_setting_is_documented_and_nothing_else() -> None:
    rows = [match.groups() for match in map(ROW.fullmatch, PAGE.read_text().splitlines()) if match]
    assert [row[0] for row in rows] == list(SETTINGS)
    for name, variable, default, about in rows:
        field = SETTINGS[name]
        assert variable == f"{PREFIX}{name.upper()}"
        assert (default or "") == field.default
        assert about == field.metadata["about"]


def test_the_defaults_run_a_node_on_this_machine(tmp_path: Path) -> None:
    node = settings(tmp_path).node()
    assert (node.origin, node.handle_domain) == ("http://127.0.0.1:8080", "127.0.0.1:8080")
    assert node.federation is Federation.PARTNERS
    assert node.public_means is Kind.NETWORK
    assert node.registration is Registration.CLOSED
    assert not settings(tmp_path).policy.permits("127.0.0.1"), "nothing private is reached"
    assert settings(tmp_path).limits_rates
    assert settings(tmp_path).trusted_proxies == ()


def test_the_command_line_outweighs_variables_and_they_the_file(tmp_path: Path) -> None:
    (tmp_path / "tertulia.toml").write_text(
        'name = "File"\nbind = "127.0.0.1:1001"\norigin = "https://file.example"\n'
        'proxies = ["10.0.0.0/8", "192.0.2.0/24"]\nrate_limits = false\n'
    )
    found = load(
        {"TERTULIA_NAME": "Variable", "TERTULIA_BIND": "127.0.0.1:1002"},
        {"data": str(tmp_path), "bind": "127.0.0.1:1003", "origin": None},
    )
    assert (found.name, found.bind, found.origin) == (
        "Variable",
        "127.0.0.1:1003",
        "https://file.example",
    )
    assert [str(network) for network in found.trusted_proxies] == ["10.0.0.0/8", "192.0.2.0/24"]
    assert not found.limits_rates


def test_the_data_folder_may_come_from_a_variable(tmp_path: Path) -> None:
    (tmp_path / "tertulia.toml").write_text('name = "There"')
    assert load({"TERTULIA_DATA": str(tmp_path)}).name == "There"
    assert load({"TERTULIA_DATA": str(tmp_path), "TERTULIA_TEST_FULL": "1"}).name == "There"


@pytest.mark.parametrize(
    ("given", "origin", "domain"),
    [
        ({"origin": "https://learn.example/"}, "https://learn.example", "learn.example"),
        ({"origin": "https://LEARN.example:443"}, "https://learn.example", "learn.example"),
        (
            {"origin": "https://bücher.example"},
            "https://xn--bcher-kva.example",
            "xn--bcher-kva.example",
        ),
        ({"bind": "0.0.0.0:9000"}, "http://127.0.0.1:9000", "127.0.0.1:9000"),
        ({"bind": "[::1]:9000"}, "http://[::1]:9000", "[::1]:9000"),
        ({"origin": "http://hq.localhost:8081"}, "http://hq.localhost:8081", "hq.localhost:8081"),
        (
            {"origin": "http://10.1.2.3:8080", "allow_private_networks": "10.0.0.0/8"},
            "http://10.1.2.3:8080",
            "10.1.2.3:8080",
        ),
        (
            {"origin": "https://social.learn.example", "handle_domain": "Learn.Example"},
            "https://social.learn.example",
            "learn.example",
        ),
    ],
)
def test_names_have_one_spelling(
    tmp_path: Path, given: dict[str, str], origin: str, domain: str
) -> None:
    node = settings(tmp_path, **given).node()
    assert node.origin == origin
    assert node.handle_domain == domain


@pytest.mark.parametrize(
    ("given", "about"),
    [
        ({"colour": "red"}, "no setting called colour"),
        ({"federation": "everybody"}, "closed, partners, open"),
        ({"public_means": "everyone"}, "public_means"),
        ({"registration": "yes"}, "registration"),
        ({"rate_limits": "maybe"}, "on, off"),
        ({"rates": "posts=many"}, "does not look like"),
        ({"rates": "likes=1/h"}, "there is no likes"),
        ({"rates": "posts=0/3h"}, "would let nobody in"),
        ({"bind": "8080x"}, "bind must look like"),
        ({"bind": "127.0.0.1:0"}, "between 1 and 65535"),
        ({"bind": "127.0.0.1:70000"}, "between 1 and 65535"),
        ({"origin": "learn.example"}, "origin"),
        ({"origin": "ftp://learn.example"}, "origin"),
        ({"origin": "https://learn.example/sub"}, "must end after the host"),
        ({"origin": "https://ana@learn.example"}, "origin"),
        ({"origin": "http://learn.example"}, "must be https"),
        ({"origin": "http://10.1.2.3:8080"}, "must be https"),
        ({"handle_domain": "no domain"}, "handle_domain"),
        ({"handle_domain": "https://learn.example"}, "handle_domain"),
        ({"allow_private_networks": "everything"}, "allow_private_networks"),
        ({"proxies": "10.0.0.1/8"}, "proxies"),
        ({"database_url": "mysql://x"}, "postgresql://"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    tmp_path: Path, given: dict[str, str], about: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(about)):
        settings(tmp_path, **given)


@pytest.mark.parametrize("text", ["name = ", "name = 1.5", "[name]\nx = 1", "\xff\x00", "x = 'y'"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tertulia.toml").write_text(text, encoding="latin-1")
    with pytest.raises(SettingsError):
        settings(tmp_path)
