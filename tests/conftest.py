"""Fixtures and hooks for every test."""

import pytest

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
