from __future__ import annotations

from pathlib import Path

import pytest
from dbt_shop import Shop, new_shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A dbt project of its own, not built yet."""
    return new_shop(tmp_path)
