"""Shapes in which is said that there is nothing."""

from typing import Literal, TypedDict


class NoCollections(TypedDict):
    """No collections of accounts."""

    collections: list[None]


class NoReports(TypedDict):
    """No annual reports."""

    annual_reports: list[None]
    accounts: list[None]
    statuses: list[None]


class NoReport(TypedDict):
    """There will be no annual report."""

    state: Literal["ineligible"]
