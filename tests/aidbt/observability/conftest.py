"""The PostgreSQL server of the warehouse tests."""

from __future__ import annotations

from tests.aidbt.warehouse.conftest import postgres, postgres_target

__all__ = ["postgres", "postgres_target"]
