"""A Spark of this process is given back to who else opens its metastore, and starts again afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aidbt.core.held import give_back
from tests.aidbt.warehouse.conftest import Target, open_target, spark_session_target

pytestmark = pytest.mark.long

_ANOTHER = """\
import json, sys
from aidbt.warehouse import open_warehouse
target = json.loads(sys.argv[1])
with open_warehouse("spark", schema="analytics", settings=target).connect() as connection:
    connection.rows("create table raw_shop.people as select 7 as id")
"""


def test_another_process_may_use_the_metastore_in_between(spark_target: Target, tmp_path: Path):
    target = spark_session_target(tmp_path)
    give_back()  # of tests before
    warehouse = open_target(target)
    with warehouse.connect() as connection:
        connection.rows("create schema raw_shop")

    give_back()
    done = subprocess.run(
        [sys.executable, "-c", _ANOTHER, json.dumps(target)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr[-2000:]
    with warehouse.connect() as connection:
        assert connection.rows("select id from raw_shop.people") == [(7,)]
    give_back()
