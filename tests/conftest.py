"""Fixtures and hooks for every test."""

import gc

import pytest
from hypothesis import HealthCheck, settings

from domain.ids import IdSource
from tests.support.databases import (
    database,
    database_url,
    databases,
    new_database_url,
    pytest_configure,
    pytest_generate_tests,
    pytest_unconfigure,
    tx,
)

# An example that takes long on a busy machine is no fault of what it tries; what has to be quick
# says so itself, in processor time (tests/support/timing.py). All else stays as the run has it:
# under CI, the same examples for every change.
settings.register_profile(
    "patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

pytest_plugins = ["tests.support.oracle_hooks"]

__all__ = [
    "database",
    "database_url",
    "databases",
    "new_database_url",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_unconfigure",
    "tx",
]


@pytest.fixture(autouse=True)
def ids_of_the_present(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids never run back: a test whose clock is ahead must not push those of the next ahead."""
    monkeypatch.setattr("storage.queries.ids._SOURCE", IdSource())


@pytest.fixture(autouse=True, scope="module")
def little_to_collect() -> None:
    """What is there as a file begins stays for the run, as in a node (`server/main`).

    Else the collector walks over a million objects in the middle of some test: for two seconds.
    """
    gc.collect()
    gc.freeze()
