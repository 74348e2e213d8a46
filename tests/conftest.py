"""Fixtures and hooks for every test."""

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
