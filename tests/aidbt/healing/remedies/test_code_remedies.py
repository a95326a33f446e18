"""Mistakes in a commit with a wanted change: the one edit that mends each, and what is declined."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from aidbt.core.config import Settings
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Declined, Diagnosis, Mend, Stage
from aidbt.core.schema import Column, Relation
from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.case import Case, GitState
from aidbt.healing.evidence.code_changes import CodeChanges, changed_files
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.proof.claims import check_claims
from aidbt.healing.remedies.code.reading import read_other
from aidbt.healing.remedies.remedy import Remedy, Tools
from aidbt.healing.remedies.restored_file import RestoredFile, _takes_its_place
from aidbt.healing.remedies.restored_part import RestoredPart
from aidbt.healing.remedies.restored_token import RestoredToken
from aidbt.healing.remedies.right_name import RightName
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse import Warehouse
from tests.dbt_shop import new_shop, no_profiles

NOON = datetime(2026, 3, 1, tzinfo=UTC)
MODEL = "models/totals.sql"
MACROS = "macros/text.sql"
CLEAN = """\
{% macro clean(column, sizes=[1]) -%}
  case when {{ column }} = '' then null else {{ column }} end
{%- endmacro %}
"""
SQL = """\
{% set kinds = ['web', 'shop'] %}
with source as (
    select * from {{ ref('orders') }}
),

sums as (
    select
        customer_id,
        {% for kind in kinds -%}
        sum(case when channel = '{{ kind }}' then amount else 0 end) as {{ kind }}_amount,
        {% endfor -%}
        row_number() over (partition by customer_id order by min(ordered_at)) as place,
        count(*) as order_count
    from source
    {% if is_incremental() %}
    where ordered_at > (select max(ordered_at) from {{ this }})
    {% endif %}
    group by customer_id
)

select
    sums.customer_id,
    {{ clean('sums.place') }} as place,
    sums.order_count
from sums
"""
# The wanted change of every commit.
WANTED = ("    sums.order_count\n", "    sums.order_count,\n    sums.order_count * 2 as twice\n")
YAML = "models:\n  - name: totals\n    columns:\n      - name: place\n        data_tests: [unique]\n"


def manifest() -> Manifest:
    orders = Node("model.shop.orders", "model", "orders", "models/orders.sql", "shop", schema="main")
    totals = Node(
        "model.shop.totals", "model", "totals", MODEL, "shop", schema="main",
        depends_on=("model.shop.orders",), raw={"depends_on": {"macros": ["macro.shop.clean"]}},
    )  # fmt: skip
    macro = {"name": "clean", "package_name": "shop", "macro_sql": CLEAN, "original_file_path": MACROS}
    nodes = {node.unique_id: node for node in (orders, totals)}
    return Manifest(
        ArtifactMetadata(12, "", NOON, "", {}), nodes, {}, {}, {"macros": {"macro.shop.clean": macro}}
    )


def case(root: Path, now: dict[str, str | None]) -> tuple[Case, Tools]:
    """A project in which `now` (None: deleted) stands in place of what the last good run had."""
    then = {
        MODEL: SQL,
        MACROS: CLEAN,
        "models/_models.yml": YAML,
        "models/orders.sql": "select 1 as customer_id\n",
    }
    texts = {path: text for path, text in {**then, **now}.items() if text is not None}
    shop = new_shop(root, texts)
    columns = tuple(Column(name, "integer") for name in ("customer_id", "amount", "channel", "ordered_at"))
    good = GoodState("dev", NOON, "r", relations=(Relation("main", "orders", columns),), texts=then)
    code = CodeChanges(tuple(changed_files(then, texts)), "the last good state", is_since_good=True)
    run = FailedRun(Stage.NODE, manifest=manifest())
    found = Case("shop", root, run, "duckdb", "duckdb", manifest(), good, manifest(), code=code)
    return found, Tools(
        shop.open(), Settings(), lambda: cast(Warehouse, None), lambda: 0, profiles=no_profiles
    )


def broken(message: str, *, error_class: E = E.SQL_SYNTAX, status: str = "error", **facts: str) -> Diagnosis:
    failure = RunFailure("model.shop.totals", status, message)
    return Diagnosis("k", error_class, 0.9, Stage.NODE, "model.shop.totals", failures=(failure,), facts=facts)


def mended(
    remedy: Remedy, diagnosis: Diagnosis, root: Path, now: dict[str, str | None]
) -> dict[str, str | None]:
    """The texts after the mend, whose claims all hold."""
    found, tools = case(root, now)
    mend = remedy.propose(diagnosis, found, tools)
    assert isinstance(mend, Mend), mend
    assert mend.patch is not None
    holds, said = check_claims(mend.claims)
    assert holds, said
    return {edit.path: edit.after for edit in mend.patch.edits}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("        customer_id,\n        {% for", "        customer_id\n        {% for"),
        ("),\n\nsums as", ")\n\nsums as"),
        ("order by min(ordered_at)) as", "order by min(ordered_at) as"),
        ("(partition by customer_id", "partition by customer_id"),
        ("count(*)", "count(*))"),
        ("then amount else 0 end)", "then amount else 0)"),
        ("'{{ kind }}' then", "'{{ kind }} then"),
        ("{% endfor -%}", ""),
        ("    {% endif %}\n", ""),
        ("{{ ref('orders') }}", "{{ ref('orders') }"),
        ("{{ ref('orders') }}", "{{ ref('orders' }}"),
        ("{{ ref('orders') }}", "{{ ref('orders) }}"),
        ("{% if is_incremental() %}", "{% if is_incremental() }"),
        ("for kind in kinds", "for kind in kindss"),
        ("    group by", "    gruop by"),
        ("with source as (", "with source as"),
        ("partition by customer_id order", "partition by, customer_id order"),
        ("from source\n", "form source\n"),
    ],
)
def test_the_token_that_was_lost_comes_back_and_the_wanted_change_stays(
    tmp_path: Path, right: str, wrong: str
):
    assert SQL.count(right) == 1
    now = SQL.replace(right, wrong).replace(*WANTED)

    assert mended(RestoredToken(), broken("Parser Error"), tmp_path, {MODEL: now}) == {
        MODEL: SQL.replace(*WANTED)
    }


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("(sums.order_count + 1) * 2 as twice", "sums.order_count + 1) * 2 as twice"),
        ("(sums.order_count + 1) * 2 as twice", "(sums.order_count + 1 * 2 as twice"),
        ("max(1)\n        - min(1) as twice", "max(1)\n        min(1) as twice"),
        ("round(sums.order_count / 60, 2) as twice", "round(sums.order_count / , 2) as twice"),
        ("sums.order_count / 60 as twice", "sums.order_count / as twice"),
        ("case when true and false then 1 end as twice", "case when true and then 1 end as twice"),
        ("nullif(sums.order_count, 0) as twice", "nullif(, 0) as twice"),
        ("1 {% if kinds and 1 %} + 1 {% endif %} as twice", "1 {% if kinds and %} + 1 {% endif %} as twice"),
    ],
)
def test_what_may_be_the_rest_of_a_wanted_change_is_not_taken_out(tmp_path: Path, right: str, wrong: str):
    wanted = SQL.replace("    sums.order_count\n", f"    sums.order_count,\n    {wrong}\n")
    found, tools = case(tmp_path, {MODEL: wanted})

    declined = RestoredToken().propose(broken("Parser Error"), found, tools)
    assert isinstance(declined, Declined), declined


def test_what_an_old_line_got_by_a_wanted_change_that_went_wrong_is_not_taken_out(tmp_path: Path):
    for number, wrong in enumerate(
        ("sums.order_count /", "sums.order_count - 1) * 2", "sums.order_count and")
    ):
        before = SQL.replace("    sums.order_count\n", "    sums.order_count - 1 as fewer\n")
        now = SQL.replace("    sums.order_count\n", f"    {wrong} as fewer\n")
        found, tools = case(tmp_path / str(number), {MODEL: now})
        changes = changed_files({MODEL: before}, {MODEL: now})
        found = replace(found, code=CodeChanges(tuple(changes), "the last good state", is_since_good=True))

        assert isinstance(RestoredToken().propose(broken("Parser Error"), found, tools), Declined), wrong


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("sum(1) as twice", "sum(1)) as twice"),
        ("coalesce(1, 2) as twice", "coalesce(1, 2)) as twice"),
        ("coalesce(1, 2) as twice", "coalesce(1,, 2) as twice"),
    ],
)
def test_a_mark_too_many_is_taken_out_of_a_wanted_line(tmp_path: Path, right: str, wrong: str):
    then, now = (
        SQL.replace("    sums.order_count\n", f"    sums.order_count,\n    {line}\n")
        for line in (right, wrong)
    )

    assert mended(RestoredToken(), broken("Parser Error"), tmp_path, {MODEL: now}) == {MODEL: then}


def test_a_comma_that_the_wanted_line_needed_is_put_where_alone_it_can_stand(tmp_path: Path):
    now = SQL.replace("    sums.order_count\n", "    sums.order_count\n    sums.order_count * 2 as twice\n")

    assert mended(RestoredToken(), broken("Parser Error"), tmp_path, {MODEL: now}) == {
        MODEL: SQL.replace(*WANTED)
    }


def test_a_comma_whose_loss_made_an_alias_is_found_by_the_column_that_is_gone(tmp_path: Path):
    before = "select\n    id,\n    amount\nfrom {{ ref('orders') }}\n"
    found, tools = case(tmp_path, {MODEL: before.replace("id,", "id")})
    found = replace(
        found,
        code=CodeChanges(
            tuple(changed_files({MODEL: before}, {MODEL: before.replace("id,", "id")})), "x", True
        ),
    )
    mend = RestoredToken().propose(
        broken("no column id", error_class=E.SQL_SEMANTIC, what="column"), found, tools
    )

    assert isinstance(mend, Mend) and mend.patch is not None
    assert mend.patch.edits[0].after == before


def test_two_mistakes_in_one_file_are_mended_together(tmp_path: Path):
    now = SQL.replace("    group by", "    gruop by").replace("),\n\nsums as", ")\n\nsums as")

    assert mended(RestoredToken(), broken("Parser Error"), tmp_path, {MODEL: now}) == {MODEL: SQL}


def test_a_wanted_name_is_not_undone_beside_a_mistake(tmp_path: Path):
    now = SQL.replace("    group by", "    gruop by").replace("as place,\n    sums", "as palce,\n    sums")
    found, tools = case(tmp_path, {MODEL: now})

    declined = RestoredToken().propose(broken("Parser Error"), found, tools)
    assert isinstance(declined, Declined) and "'place' for 'palce'" in declined.why


def test_a_macro_is_read_through_the_models_that_use_it(tmp_path: Path):
    now = CLEAN.replace(" end\n", "\n").replace("sizes=[1]", "sizes=[1, 2]")

    assert mended(RestoredToken(), broken("Parser Error"), tmp_path, {MACROS: now}) == {
        MACROS: CLEAN.replace("sizes=[1]", "sizes=[1, 2]")
    }


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("    columns:", "   columns:"),
        ("[unique]", "[unique"),
        ("- name: place", "- name place"),
        ("      - name", "\t- name"),
    ],
)
def test_yaml_gets_its_indentation_or_mark_back(tmp_path: Path, right: str, wrong: str):
    now = YAML.replace(right, wrong) + "  - name: orders\n"
    diagnosis = broken("Error reading", error_class=E.COMPILATION, what="yaml")

    found = mended(RestoredToken(), diagnosis, tmp_path, {"models/_models.yml": now})
    assert found == {"models/_models.yml": YAML + "  - name: orders\n"}


def test_yaml_gets_its_indentation_back_beside_a_wanted_line(tmp_path: Path):
    right = YAML.replace("      - name: place", "        # asked for\n      - name: place")
    diagnosis = broken("Error reading", error_class=E.COMPILATION, what="yaml")

    now = right.replace("      - name", "     - name").replace("[unique]", "[unique]\n      - name: twice")
    found = mended(RestoredToken(), diagnosis, tmp_path, {"models/_models.yml": now})
    assert found == {"models/_models.yml": now.replace("     - name: place", "      - name: place")}


TESTS = """\
models:
  - name: totals
    columns:
      - name: place
        description: the place
        data_tests:
          - relationships: {arguments: {to: ref('orders'), field: customer_id}}
unit_tests:
  - {name: adds, model: totals, expect: {rows: [{order_count: 1}]}}
"""


@pytest.mark.parametrize("remedy", [RightName(), RestoredToken()])
@pytest.mark.parametrize(
    ("right", "wrong", "edits_a_test"),
    [
        ("order_count", "order_cuont", True),
        ("customer_id", "custmer_id", True),
        ("relationships", "relationhsips", True),
        ("name: place", "name: plcae", True),
        ("description", "descritpion", False),
    ],
)
def test_to_an_edit_of_a_test_a_person_has_to_agree(
    tmp_path: Path, remedy: Remedy, right: str, wrong: str, edits_a_test: bool
):
    now = TESTS.replace(right, wrong)
    found, tools = case(tmp_path, {"models/_models.yml": now})
    changes = changed_files({"models/_models.yml": TESTS}, {"models/_models.yml": now})
    found = replace(found, code=CodeChanges(tuple(changes), "the last good state", is_since_good=True))

    diagnosis = broken(f"no {wrong}", error_class=E.SQL_SEMANTIC, what="yaml", token=wrong)
    mend = remedy.propose(diagnosis, found, tools)
    assert isinstance(mend, Mend) and bool(mend.asks) is edits_a_test


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (("    group by customer_id\n", ""), "no single edit"),  # a whole clause is no slip
        (("count(*)", "coalesce(amount 0)"), "no single edit"),  # a comma, or an operator?
        (("clean('sums.place')", "clean('sums.place', siz=2)"), "no single edit"),  # what Jinja says no to
        (("left", "left"), "no file that changed"),
    ],
)
def test_what_is_no_slip_is_a_persons(tmp_path: Path, wrong: tuple[str, str], why: str):
    broken_end = "from sums where (\n" if "customer_id" in wrong[0] else "from sums\n"
    now = SQL.replace(*wrong).replace("from sums\n", broken_end)
    found, tools = case(tmp_path, {MODEL: now})

    declined = RestoredToken().propose(broken("Parser Error"), found, tools)
    assert isinstance(declined, Declined) and why in declined.why


def test_a_column_with_another_name_may_have_been_renamed_on_purpose(tmp_path: Path):
    diagnosis = broken(
        "no column order_count", error_class=E.SQL_SEMANTIC, what="column", token="order_count"
    )
    before = "select 1 as order_count\n"
    found, tools = case(tmp_path, {MODEL: "select 1 as orders_count\n"})
    changes = changed_files({MODEL: before}, {MODEL: "select 1 as orders_count\n"})
    found = replace(found, code=CodeChanges(tuple(changes), "the last good state", True))

    for remedy in (RightName(), RestoredToken()):
        assert isinstance(remedy.propose(diagnosis, found, tools), Declined)


@pytest.mark.parametrize(
    ("message", "right", "wrong"),
    [
        ("node named 'ordres' which was not found", "ref('orders')", "ref('ordres')"),
        ("'claen' is undefined", "clean(", "claen("),
        ('Referenced column "custmer_id" not found', "partition by customer_id", "partition by custmer_id"),
        ("Table with name sorce does not exist", "from source", "from sorce"),
        ("Scalar Function with name cuont does not exist", "count(*)", "cuont(*)"),
        ('Referenced table "sum" not found', "    sums.customer_id", "    sum.customer_id"),
        ('no macro with the name "get_incremental_min_shpo_sql"', "'shop'] %}", "'shpo'] %}"),
    ],
)
def test_the_word_that_stood_there_comes_back(tmp_path: Path, message: str, right: str, wrong: str):
    now = SQL.replace(right, wrong).replace(*WANTED)
    diagnosis = broken(message, error_class=E.SQL_SEMANTIC)

    assert mended(RightName(), diagnosis, tmp_path, {MODEL: now}) == {MODEL: SQL.replace(*WANTED)}


def test_a_word_that_is_nearer_to_another_name_than_to_the_one_before_may_mean_that(tmp_path: Path):
    names = ("customer", "customers")
    for word, is_mended in (("custmer", False), ("custmers", True)):
        then = {MODEL: "select customers from {{ ref('orders') }}\n"}
        found, tools = case(tmp_path / word, {MODEL: f"select {word} from {{{{ ref('orders') }}}}\n"})
        assert found.good is not None
        columns = tuple(Column(name, "integer") for name in names)
        good = replace(found.good, relations=(Relation("main", "orders", columns),))
        changes = changed_files(then, {MODEL: tools.text(MODEL) or ""})
        found = replace(found, good=good, code=CodeChanges(tuple(changes), "x", is_since_good=True))
        diagnosis = broken(f'Referenced column "{word}" not found', error_class=E.SQL_SEMANTIC)

        assert isinstance(RightName().propose(diagnosis, found, tools), Mend) is is_mended, word


def test_a_test_whose_name_was_mistyped_gets_it_back(tmp_path: Path):
    now = YAML.replace("unique", "uniqe") + "  - name: orders\n"
    diagnosis = broken("'test_uniqe' is undefined", error_class=E.COMPILATION)

    found = mended(RightName(), diagnosis, tmp_path, {"models/_models.yml": now})
    assert found == {"models/_models.yml": YAML + "  - name: orders\n"}


@pytest.mark.parametrize(
    ("what", "token", "meant"),
    [("ref", "odrers", "orders"), ("macro", "cleen", "clean"), ("column", "chanel", "channel")],
)
def test_in_a_new_file_the_only_name_it_can_be_is_meant(tmp_path: Path, what: str, token: str, meant: str):
    new = f"select {token}, count(*) as n from {{{{ ref('orders') }}}} group by {token}\n"
    diagnosis = broken("", error_class=E.COMPILATION, what=what, token=token, file="models/new.sql")

    found = mended(RightName(), diagnosis, tmp_path, {"models/new.sql": new})
    assert found == {"models/new.sql": new.replace(token, meant)}


def test_where_another_word_stood_before_no_near_name_takes_its_place(tmp_path: Path):
    new = "select chanel from {{ ref('orders') }}\n"
    diagnosis = broken(
        "",
        error_class=E.SQL_SEMANTIC,
        what="column",
        token="chanel",
        replacement="place",
        file="models/new.sql",
    )
    found, tools = case(tmp_path, {"models/new.sql": new})

    assert isinstance(RightName().propose(diagnosis, found, tools), Declined)


@pytest.mark.parametrize(
    ("what", "token"),
    [
        ("ref", "orders_v2"),
        ("ref", "total"),
        ("column", "amounts_net"),
        ("column", "place_count"),
        ("source", "orders"),
    ],
)
def test_a_name_that_is_not_there_yet_is_a_persons(tmp_path: Path, what: str, token: str):
    diagnosis = broken("", error_class=E.COMPILATION, what=what, token=token, file="models/_new.yml")
    found, tools = case(tmp_path, {"models/_new.yml": f"- {token}\n"})

    assert isinstance(RightName().propose(diagnosis, found, tools), Declined)


@pytest.mark.parametrize(
    ("also", "is_mended"), [({}, True), ({"models/new.sql": "select {{ claen('a') }}"}, False)]
)
def test_a_macro_whose_own_name_was_mistyped(tmp_path: Path, also: dict[str, str | None], is_mended: bool):
    diagnosis = broken("'clean' is undefined", error_class=E.COMPILATION, what="macro", token="clean")
    found, tools = case(tmp_path, {MACROS: CLEAN.replace("clean", "claen"), **also})
    mend = RightName().propose(diagnosis, found, tools)

    assert isinstance(mend, Mend) is is_mended  # with the new name in use it was renamed on purpose
    assert not isinstance(mend, Mend) or (mend.patch is not None and mend.patch.edits[0].after == CLEAN)


def test_the_same_slip_in_two_files_is_one_mend(tmp_path: Path):
    two = {
        MODEL: SQL.replace("ref('orders')", "ref('ordres')"),
        "models/_models.yml": YAML.replace("totals", "totlas"),
    }
    other = "select 1 as customer_id -- {{ ref('ordres') }}\n"
    found, tools = case(tmp_path, {**two, "models/orders.sql": other})
    then = {MODEL: SQL, "models/_models.yml": YAML, "models/orders.sql": other.replace("ordres", "orders")}
    now = {**two, "models/orders.sql": other}
    code = CodeChanges(tuple(changed_files(then, now)), "the last good state", True)
    diagnosis = broken("node named 'ordres' which was not found", error_class=E.COMPILATION)
    mend = RightName().propose(diagnosis, replace(found, code=code), tools)

    assert isinstance(mend, Mend) and mend.patch is not None
    assert {edit.path: edit.after for edit in mend.patch.edits} == {
        MODEL: SQL, "models/orders.sql": then["models/orders.sql"]
    }  # fmt: skip


def test_a_plural_in_two_files_was_meant(tmp_path: Path):
    now = {MODEL: SQL.replace("ref('orders')", "ref('order')")}
    diagnosis = broken("node named 'order' which was not found", error_class=E.COMPILATION)
    assert mended(RightName(), diagnosis, tmp_path, now) == {MODEL: SQL}

    found, tools = case(tmp_path, {**now, "models/_models.yml": YAML.replace("totals", "order")})
    then = {MODEL: SQL, "models/_models.yml": YAML.replace("totals", "orders")}
    changes = changed_files(then, {**now, "models/_models.yml": YAML.replace("totals", "order")})
    code = CodeChanges(tuple(changes), "the last good state", True)
    declined = RightName().propose(diagnosis, replace(found, code=code), tools)
    assert isinstance(declined, Declined) and "2 files" in declined.why


@pytest.mark.parametrize("remedy", [RightName(), RestoredToken()])
def test_what_a_test_found_is_a_persons(tmp_path: Path, remedy: Remedy):
    found, tools = case(tmp_path, {MODEL: SQL.replace("from source", "form source")})
    declined = remedy.propose(broken("Got 3 results: form", status="fail"), found, tools)

    assert isinstance(declined, Declined) and "a person's" in declined.why


def test_only_the_slip_changes_where_the_wrong_word_is_a_wanted_name_as_well(tmp_path: Path):
    wanted = SQL.replace("    sums.order_count\n", "    sums.order_count,\n    1 as places\n")
    now = wanted.replace("'sums.place'", "'sums.places'")
    diagnosis = broken('Referenced column "places" not found', error_class=E.SQL_SEMANTIC)

    assert mended(RightName(), diagnosis, tmp_path, {MODEL: now}) == {MODEL: wanted}


def test_a_word_that_people_use_there_may_be_meant(tmp_path: Path):
    now = SQL.replace("min(ordered_at)", "min(order_at)").replace("'web', 'shop'", "'web'")
    found, tools = case(tmp_path, {MODEL: now})
    diagnosis = broken('Referenced column "order_at" not found', error_class=E.SQL_SEMANTIC)
    good = found.good
    assert good is not None
    relations = (*good.relations, Relation("main", "lines", (Column("order", "integer"),)))

    declined = RightName().propose(diagnosis, replace(found, good=replace(good, relations=relations)), tools)
    assert isinstance(declined, Declined)


def test_a_commit_that_speaks_of_renaming_is_believed(tmp_path: Path):
    now = SQL.replace("as order_count", "as ordre_count")
    found, tools = case(tmp_path, {MODEL: now})
    told = replace(found, git=GitState(subjects=("a1b2 Correct the spelling of columns",)))
    diagnosis = broken("no column order_count", error_class=E.SQL_SEMANTIC)

    assert isinstance(RestoredToken().propose(diagnosis, found, tools), Mend)
    declined = RestoredToken().propose(diagnosis, told, tools)
    assert isinstance(declined, Declined) and "on purpose" in declined.why


@pytest.mark.parametrize(
    ("path", "before", "now"),
    [
        ("seeds/rates.csv", "a,b\nx,1\ny,2\n", "a,b\nx,1,3\ny,2\n"),
        ("models/x.py", "f(1, 2)\n", "f(12)\n"),
        ("models/x.yml", "a: [1, 2]\n", "a: [12]\n"),
    ],
)
def test_what_two_texts_hold_can_be_told_apart(tmp_path: Path, path: str, before: str, now: str):
    first, other = read_other(path, before), read_other(path, now)

    assert first.query != other.query or other.problem


def committed(root: Path) -> None:
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "good")):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=root, check=True)


def deleted(root: Path, **now: str | None) -> Mend | Declined:
    case(root, {})
    committed(root)
    (root / MACROS).unlink()
    texts = {path.replace("__", "/") + ".sql": text for path, text in now.items()}
    found, tools = case(root, {MACROS: None, **texts})
    (root / MACROS).unlink(missing_ok=True)
    return RestoredFile().propose(
        broken("", error_class=E.COMPILATION, what="macro", token="clean"), found, tools
    )


def test_a_file_that_others_need_comes_back(tmp_path: Path):
    mend = deleted(tmp_path)

    assert isinstance(mend, Mend) and mend.patch is not None
    assert mend.patch.edits[0].after == CLEAN
    assert check_claims(mend.claims)[0]


@pytest.mark.parametrize(
    ("gone", "new", "takes_its_place"),
    [
        ("select a from {{ ref('x') }}", "select 1 as b, c\nfrom {{ ref( 'x' ) }} where d", True),
        ("select a from {{ ref('x') }}", "select a from {{ ref('y') }}", False),
        ("select 1 as a", "select 2 as b", False),
    ],
)
def test_a_new_file_may_take_the_place_of_one_that_went(gone: str, new: str, takes_its_place: bool):
    then, now = (
        {"models/a.sql": gone, "seeds/a.csv": "k,v\n1,2\n"},
        {"models/b.sql": new, "seeds/b.csv": "k,v\n7,8\n"},
    )
    changes = {change.path: change for change in changed_files(then, now)}

    assert _takes_its_place(changes["models/a.sql"], changes["models/b.sql"]) is takes_its_place
    assert _takes_its_place(changes["seeds/a.csv"], changes["seeds/b.csv"])


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ({"macros__words": CLEAN.replace("clean", "tidy")}, "it looks renamed"),
        (
            {"macros__words": CLEAN.replace("clean", "tidy").replace("null", "'none at all' -- a word")},
            "renamed",
        ),
        ({"models__totals": SQL.replace("{{ clean('sums.place') }} as place", "place")}, "meant to go"),
    ],
)
def test_a_file_that_was_meant_to_go_stays_away(tmp_path: Path, now: dict[str, str | None], why: str):
    declined = deleted(tmp_path, **now)

    assert isinstance(declined, Declined) and why in declined.why
    assert declined.draft is not None


SOURCES = """\
sources:
  - name: app
    tables:
      - name: orders
        # every night
        description: What came in.
      - name: payments
      - name: stores
"""
TABLE = SOURCES[SOURCES.index("      - name: orders") : SOURCES.index("      - name: payments")]
TWO_MACROS = CLEAN + "\n{% macro cents(column) %}{{ column }} / 100{% endmacro %}\n"


def test_a_macro_in_whose_place_another_came_stays_away(tmp_path: Path):
    now = TWO_MACROS.replace(CLEAN, "{% macro tidy(column) %}nullif({{ column }}, '-'){% endmacro %}\n")
    declined = part_taken_out(tmp_path, MACROS, TWO_MACROS, now, "clean")

    assert isinstance(declined, Declined) and "tidy is new in macros/text.sql" in declined.why


@pytest.mark.parametrize(
    ("subject", "is_mended"),
    [("Remove clean, nobody needs it", False), ("Clean up", True), ("Use clean in totals", True)],
)
def test_what_a_commit_says_it_removes_stays_away(tmp_path: Path, subject: str, is_mended: bool):
    case(tmp_path, {})
    committed(tmp_path)
    (tmp_path / MACROS).unlink()
    found, tools = case(tmp_path, {MACROS: None})
    (tmp_path / MACROS).unlink(missing_ok=True)
    found = replace(found, git=replace(found.git, subjects=(f"1a2b3c {subject}",)))
    diagnosis = broken("", error_class=E.COMPILATION, what="macro", token="clean")

    assert isinstance(RestoredFile().propose(diagnosis, found, tools), Mend) is is_mended


def part_taken_out(root: Path, path: str, then: str, now: str, token: str, **also: str) -> Mend | Declined:
    source = Node("source.shop.app.orders", "source", "orders", "models/s.yml", "shop", source_name="app")
    good = manifest()
    reads = replace(
        good.nodes["model.shop.totals"],
        depends_on=(source.unique_id,),
        raw={"depends_on": {"macros": ["macro.shop.clean"]}},
    )
    good = replace(good, nodes={**good.nodes, reads.unique_id: reads}, sources={source.unique_id: source})
    found, tools = case(root, {path: now, **also})
    before = {path: then} | {name: SQL for name in also if name == MODEL}
    changes = changed_files(before, {path: now, **also})
    found = replace(found, good_manifest=good, code=CodeChanges(tuple(changes), "the last good state", True))
    said = "depends on a source named 'app.orders' which was not found"
    diagnosis = broken(said, error_class=E.COMPILATION, what="source", token=token)
    return RestoredPart().propose(diagnosis, found, tools)


@pytest.mark.parametrize(
    ("path", "then", "now", "right", "token"),
    [
        ("models/s.yml", SOURCES, SOURCES.replace(TABLE, ""), SOURCES, "orders"),
        ("models/s.yml", SOURCES, SOURCES.replace(TABLE, "") + "        description: x\n",
         SOURCES + "        description: x\n", "orders"),
        ("models/s.yml", "models: []\n" + SOURCES, "models: []\n", "models: []\n" + SOURCES, "orders"),
        (MACROS, TWO_MACROS, TWO_MACROS.replace(CLEAN, "{# cents #}\n"), CLEAN + "{# cents #}\n", "clean"),
    ],
)  # fmt: skip
def test_a_part_that_others_need_comes_back(
    tmp_path: Path, path: str, then: str, now: str, right: str, token: str
):
    mend = part_taken_out(tmp_path, path, then, now, token)

    assert isinstance(mend, Mend) and mend.patch is not None, mend
    assert check_claims(mend.claims)[0]
    after = mend.patch.edits[0].after or ""
    assert after.startswith(right) and len(after.splitlines()) >= len(now.splitlines())


@pytest.mark.parametrize(
    ("now", "also", "why"),
    [
        (SOURCES.replace("name: orders", "name: sales"), {}, "nothing that others need"),
        (SOURCES.replace(TABLE, "      - name: sales\n"), {}, "sales is new"),
        (SOURCES.replace("What came in.", "All orders."), {}, "nothing that others need"),
        (SOURCES.replace(TABLE, ""), {"models/t.yml": SOURCES.replace("app", "crm")}, "orders is new"),
        (SOURCES.replace(TABLE, ""), {MODEL: SQL.replace("ref('orders')", "ref('o')")}, "orders no more"),
    ],
)
def test_a_part_that_may_have_been_meant_to_go_stays_away(
    tmp_path: Path, now: str, also: dict[str, str], why: str
):
    declined = part_taken_out(tmp_path, "models/s.yml", SOURCES, now, "orders", **also)

    assert isinstance(declined, Declined) and why in declined.why
