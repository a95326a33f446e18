"""Genuine events of Debezium, captured by `tests/golden/debezium/capture.py`, as they land in bronze."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingestion.debezium_landing import Landing, ignored

FOLDER = Path(__file__).parents[1] / "golden" / "debezium"
# Without a schema block nothing else tells the number NaN from the text "NaN".
FLOATS = {"real4": "real", "double8": "double"}
CASES = sorted(path.stem for path in FOLDER.glob("*.ndjson"))


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.long if place % 3 else ()) for place, case in enumerate(CASES)],
)
def test_genuine_events_land_as_reviewed(case, tmp_path, update_golden):
    landing = Landing(tmp_path / "warehouse.duckdb")

    types = {**FLOATS, "any_number": "double"} if case == "types_double_plain" else FLOATS
    batches = landing.land(FOLDER / f"{case}.ndjson", types={"every_type": types})

    tables = [name for (name,) in landing.rows(
        "select table_name from duckdb_tables() where schema_name = 'bronze_shop' "
        "and table_name not like '\\_aidbt%' escape '\\' order by 1"
    )]  # fmt: skip
    found = "".join(f"== {table}\n{landing.dump(table)}\n" for table in tables)
    found += "== left out\n" + "".join(f"{kind}: {n}\n" for kind, n in ignored(batches).items())
    found += "== dead letters\n" + "".join(
        f"{place}: {cause}: {reason}\n"
        for place, cause, reason in landing.rows(
            "select place, cause, reason from bronze_shop._aidbt_dead_letters order by place"
        )
    )
    expected = FOLDER / f"{case}.txt"
    if update_golden:
        expected.write_text(found)
    assert found == expected.read_text()


@pytest.mark.long
@pytest.mark.parametrize("case", ["events_with_schema", "toast_with_schema", "types_precise_with_schema"])
def test_the_form_of_a_line_changes_nothing(case, tmp_path):
    """With its key beside it or alone, with spaces, or as a text within: the same rows."""
    import json

    lines = (FOLDER / f"{case}.ndjson").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    forms = {
        "alone": [json.dumps(r["value"], separators=(",", ":")) for r in records],
        "with spaces": [json.dumps(r) for r in records],
        "as texts": [
            json.dumps({name: r[name] and json.dumps(r[name]) for name in ("key", "value")}) for r in records
        ],
    }
    tables = sorted({r["value"]["payload"]["source"]["table"] for r in records if _is_change(r)})
    dumps = []
    for name, written in {"as captured": lines, **forms}.items():
        path = tmp_path / f"{name}.ndjson"
        path.write_text("\n".join(written) + "\n")
        landing = Landing(tmp_path / f"{name}.duckdb")
        # Alone, nothing says what the key is.
        keys = {"orders": ["id"], "documents": ["id"], "products": ["id"], "every_type": ["id"],
                "identified": ["id"], "lines": ["order_id", "line_no"]}  # fmt: skip
        landing.land(path, key=keys)
        dumps.append([landing.dump(table) for table in tables])

    assert all(dump == dumps[0] for dump in dumps)


def _is_change(record: dict) -> bool:
    return bool(record["value"]) and "op" in record["value"]["payload"]
