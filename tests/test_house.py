"""The rules of the house that a machine can check."""

import re
import subprocess
import sys
from importlib.metadata import distribution, packages_distributions, version
from pathlib import Path

import pytest
from packaging.version import Version

HOUSE = Path(__file__).parent.parent
PACKAGES = [
    "domain",
    "storage",
    "jobs",
    "activitypub",
    "federation",
    "outbox",
    "inbox",
    "social",
    "web",
    "server",
]
# The first releases without a known fault that touches us (docs/decisions/0005).
LEAST = {"aiohttp": "3.14.4", "orjson": "3.11.6", "pyld": "3.3.0", "cryptography": "48.0.0"}


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((HOUSE / package).rglob("*.py"))]


def test_imports_go_one_way_only() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout)


def test_no_package_is_shadowed() -> None:
    installed = packages_distributions()
    for package in PACKAGES:
        assert package not in sys.stdlib_module_names
        assert set(installed.get(package, ["tertulia"])) == {"tertulia"}, package


@pytest.mark.parametrize("name", LEAST)
def test_X13_least_versions(name: str) -> None:
    assert Version(version(name)) >= Version(LEAST[name])


def test_X13_every_locked_package_has_a_hash() -> None:
    entries = (HOUSE / "requirements.lock").read_text().split("\n")
    named = [line for line in entries if re.match(r"^[a-z0-9]", line)]
    assert len(named) > 50
    assert all(line.endswith("\\") for line in named), "each is followed by --hash lines"


def test_what_runs_is_what_is_locked() -> None:
    locked = dict(
        re.findall(r"(?m)^([a-z0-9._-]+)==([^ ;\\]+)", (HOUSE / "requirements.lock").read_text())
    )
    for requirement in distribution("tertulia").requires or []:
        name = re.split(r"[\[<>=!; ]", requirement)[0].lower()
        assert version(name) == locked[name]


def test_modules_explain_themselves() -> None:
    silent = [str(path) for path in sources() if not path.read_text().startswith('"""')]
    silent = [name for name in silent if "/migrations/versions/" not in name]
    assert silent == []


def test_no_gathering_names() -> None:
    gathering = {"utils", "helpers", "common", "core", "manager", "misc"}
    assert [path for path in sources() if path.stem in gathering] == []


def test_our_own_web_is_never_hidden() -> None:
    hidden = re.compile(r"^\s*from aiohttp import .*\bweb\b", re.MULTILINE)
    assert [path for path in sources() if hidden.search(path.read_text())] == []


def test_nothing_is_left_to_do() -> None:
    left = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [path for path in sources() if left.search(path.read_text())] == []


def test_no_text_is_trusted_outside_one_module() -> None:
    """Markup that is not escaped is made in one place (security facts §5)."""
    trusting = [path.name for path in sources() if "Markup(" in path.read_text()]
    assert set(trusting) <= {"markup.py"}
    templates = sorted((HOUSE / "web/pages/templates").rglob("*.html"))
    assert templates
    assert [path for path in templates if re.search(r"\|\s*safe\b", path.read_text())] == []
