"""Targets and mappings as files: what people write, what we write, and what is wrong with it."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.errors import EditConflict, SettingsError, UnknownName, UsageError
from aidbt.core.schema import MappedColumn, MappedTest, Mapping
from aidbt.mapping.decisions import Selector, accept, choose, parse_selector, reject
from aidbt.mapping.files import flow, load_mappings, load_targets, mapping_yaml, parse_mapping
from aidbt.mapping.question_files import parse_questions
from aidbt.mapping.queue import accept_all, choose_one, reject_all, review_items

HEAD = "source: {name: s, table: t}\ncolumns:\n"
MAPPING = """\
source: {name: shop, table: orders, schema: raw_shop}
target: order
columns:
  - {target: order_id, source: id, type: INTEGER, status: accepted, by: aidbt}
  - {target: sum, source: am, type: REAL, status: review, by: aidbt, score: 0.50, alternatives: {total: 0.40}}
  - {target: at, status: review, by: aidbt, note: no source found}
unmapped: [year, month, total]
tests:
  - {column: order_id, test: unique, status: accepted, by: aidbt}
  - {column: sum, test: accepted_values, values: ['1', '2'], status: review, by: aidbt}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "aidbt" / "mappings"
    folder.mkdir(parents=True)
    (folder / "shop__orders.yml").write_text(MAPPING)
    return tmp_path


def only(project: Path) -> Mapping:
    return load_mappings(project)["shop.orders"]


def test_what_is_written_is_read_back_the_same(project):
    assert mapping_yaml(only(project)) == MAPPING


names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(st.lists(names, min_size=1, max_size=4, unique_by=str.casefold), names, names)
def test_any_names_survive_the_file(columns, source, table):
    mapping = Mapping(
        source,
        table,
        tuple(MappedColumn(name, (name,), source_type="VARCHAR") for name in columns),
        unmapped=tuple(columns),
        tests=(MappedTest(columns[0], "accepted_values", values=tuple(columns)),),
    )

    read = parse_mapping(mapping_yaml(mapping), Path("m.yml"), Path("."))

    assert read == mapping


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
def test_any_text_survives_as_a_flow_scalar(text):
    assert yaml.safe_load(f"{{a: {flow(text)}}}") == {"a": text}


def test_a_person_may_write_block_style_and_leave_out_what_is_the_default(tmp_path):
    text = (
        "source: {name: s, table: t}\ncolumns:\n  - target: a\n    sources: [x, y]\n    expression: x + y\n"
    )

    mapping = parse_mapping(text, Path("m.yml"), Path("."))

    assert mapping.columns[0].expression == "x + y"
    assert mapping.columns[0].by == "person"


@pytest.mark.parametrize(
    ("entry", "said", "hint"),
    [
        ("{target: a, source: x, status: acepted}", "'columns.1.status'", "did you mean 'accepted'?"),
        ("{target: a, source: x, status: maybe}", "'columns.1.status'", "one of: accepted, review, rejected"),
        ("{target: a, source: x, by: me}", "'columns.1.by'", "one of: aidbt, person"),
        ("{target: a, status: review, score: 86}", "'columns.1.score'", "write a probability from 0 to 1"),
        ("{target: a, status: review, score: .nan}", "'columns.1.score'", "write a probability from 0 to 1"),
        ("{target: a, status: review, score: high}", "'columns.1.score'", "write a probability from 0 to 1"),
        ("{target: a, status: review, alternatives: {x: 2}}", "alternatives.x", "write a probability"),
        ("{target: a, status: review, alternatives: [x]}", "alternatives", "write names with probabilities"),
        ("{target: a, source: x, never: z}", "'columns.1.never'", "write a list, e.g."),
        ("{target: a, source: x, never: {z: 1}}", "'columns.1.never'", "write a list, e.g."),
        ("{target: a, source: x, never: [yes]}", "'columns.1.never.0'", "write it in quotes"),
        ("{target: a, source: x, never: [x]}", "'x' is its source and stands under 'never'", "docs/"),
        ("{target: no, source: x}", "'columns.1.target'", "write it in quotes"),
        ("{target: '', source: x}", "'columns.1.target'", "write a name there"),
        ("{source: x}", "'columns.1.target' is missing", "docs/"),
        ("{target: a, source: x, sources: [y]}", "not both", "docs/"),
        ("{target: a, source: x, nevr: [y]}", "unknown key 'columns.1.nevr'", "did you mean 'never'?"),
        ("{target: Z, source: x}", "the target 'Z' stands twice", "keep one of the two"),
        ("just words", "'columns.1'", "write `key: value` pairs"),
        (
            "{target: a, source: x, 'status ': review}",
            "unknown key 'columns.1.status '",
            "did you mean 'status'?",
        ),
        ("{target: a, source: x, status: 'review '}", "'columns.1.status'", "did you mean 'review'?"),
    ],
)
def test_an_entry_edited_into_nonsense_gets_its_line_and_a_hint(entry, said, hint):
    with pytest.raises(SettingsError) as error:
        parse_mapping(f"{HEAD}  - {{target: z, source: z}}\n  - {entry}\n", Path("m.yml"), Path("."))

    assert error.value.message.startswith("m.yml:4: ")
    assert said in error.value.message
    assert (error.value.hint or "").startswith(hint)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "  - {target: a, sorce: x}\n", r":3: unknown key 'columns.0.sorce'"),
        ("source: {name: s}\ncolumns: []\n", "'source.table' is missing"),
        (HEAD + "  - {target: a, source: x, status: maybe}\n", ":3: 'columns.0.status'"),
        (HEAD + "  - {target: a, status: accepted}\n", r":3: .*needs a source or an expression\n"),
        (
            HEAD + "  - {target: a, source: x}\n  - {target: b, source: y, cast: dat}\n",
            ":4: the cast of b: 'dat'",
        ),
        (HEAD + "  - {target: a, sources: [x, y]}\n", "need an expression"),
        (HEAD + "  - {target: a, source: x}\n  - {target: A, source: y}\n", ":4: .*stands twice"),
        (HEAD + "<<<<<<< ours\n  - {target: a}\n=======\n>>>>>>> theirs\n", ":3: a merge conflict"),
        ("source: {name: s, table: t\ncolumns: []\n", r":2: "),
        ("- a\n", r"^m.yml:1: expected a mapping of names to values, got a list"),
        ("just words\n", r"^m.yml:1: expected a mapping of names to values, got 'just words'"),
    ],
)
def test_a_mapping_edited_into_nonsense_is_refused_with_its_place(text, message):
    with pytest.raises(SettingsError, match=message):
        parse_mapping(text, Path("m.yml"), Path("."))


def test_a_target_with_an_unknown_key_names_the_nearest(tmp_path):
    folder = tmp_path / "aidbt" / "targets"
    folder.mkdir(parents=True)
    (folder / "t.yml").write_text("name: t\ncolumns:\n  - name: a\n    descripton: x\n")

    with pytest.raises(SettingsError) as error:
        load_targets(tmp_path)

    assert "aidbt/targets/t.yml:4" in error.value.message
    assert error.value.hint == "did you mean 'description'?"


def test_two_targets_for_one_table_are_refused_with_both_names(tmp_path):
    folder = tmp_path / "aidbt" / "targets"
    folder.mkdir(parents=True)
    for name, tables in (("buyer", "[crm.users]"), ("person", "[crm.people, crm.users]")):
        text = f"name: {name}\nsources: {tables}\ncolumns:\n  - name: id\n"
        (folder / f"{name}.yml").write_text(text)

    with pytest.raises(SettingsError) as error:
        load_targets(tmp_path)

    said = "the targets 'buyer' and 'person' both name crm.users under 'sources:'"
    assert error.value.message == f"aidbt/targets/person.yml:2: {said}"
    assert error.value.hint == "a table is mapped to one target: leave it out of one of the two"


def test_a_blank_before_a_colon_is_none_of_ours_to_refuse():
    text = f"{HEAD}  - target : a\n    source : x\n    status : review\n"

    assert parse_mapping(text, Path("m.yml"), Path(".")).columns[0].status == "review"


def test_a_type_that_is_none_is_named_with_its_line(tmp_path):
    folder = tmp_path / "aidbt" / "targets"
    folder.mkdir(parents=True)
    (folder / "t.yml").write_text("name: t\ncolumns:\n  - name: a\n    description: x\n    type: dat\n")

    with pytest.raises(SettingsError) as error:
        load_targets(tmp_path, "duckdb")

    assert error.value.message == "aidbt/targets/t.yml:5: the type of a: 'dat' is no type of duckdb"
    assert error.value.hint == "did you mean 'date'?"


def test_two_files_for_one_table_are_refused(project):
    (project / "aidbt/mappings/again.yml").write_text(MAPPING)

    with pytest.raises(SettingsError, match="mapped twice"):
        load_mappings(project)


def test_accepting_keeps_the_source_and_drops_the_score(project):
    accept_all(project, ["shop.orders.sum"])

    column = only(project).columns[1]
    assert (column.status, column.by, column.score, column.alternatives) == ("accepted", "person", None, ())


def test_a_decision_is_one_line_of_the_diff(project):
    accept_all(project, ["shop.orders.sum"])

    before, after = (
        MAPPING.splitlines(),
        (project / "aidbt/mappings/shop__orders.yml").read_text().splitlines(),
    )
    assert [line for line in after if line not in before] == [
        "  - {target: sum, source: am, type: REAL, status: accepted, by: person}"
    ]


def test_choosing_another_source_frees_the_first_and_drops_its_tests(project):
    choose_one(project, "shop.orders.sum", ["total"], dialect="duckdb")

    mapping = only(project)
    assert mapping.columns[1].sources == ("total",)
    assert mapping.unmapped == ("year", "month", "am")
    assert [test.column for test in mapping.tests] == ["order_id"]


def test_choosing_several_sources_needs_an_expression(project):
    with pytest.raises(UsageError, match="--expression"):
        choose_one(project, "shop.orders.at", ["year", "month"], dialect="duckdb")

    choose_one(
        project, "shop.orders.at", ["year", "month"], expression="make_date(year, month, 1)", dialect="duckdb"
    )

    assert only(project).columns[2].expression == "make_date(year, month, 1)"


def test_choosing_a_column_that_does_not_exist_names_the_nearest(project):
    with pytest.raises(UnknownName) as error:
        choose_one(project, "shop.orders.sum", ["totl"], dialect="duckdb")

    assert error.value.hint == "did you mean 'total'?"


def test_accepting_where_nothing_was_proposed_says_how_to_choose(project):
    with pytest.raises(UsageError) as error:
        accept_all(project, ["shop.orders.at"])

    assert "aidbt review choose" in error.value.hint


def test_several_decisions_are_all_taken_or_none(project):
    with pytest.raises(UnknownName):
        accept_all(project, ["shop.orders.sum", "shop.orders.nothing"])

    assert (project / "aidbt/mappings/shop__orders.yml").read_text() == MAPPING


def test_a_proposed_test_is_accepted_and_rejected_by_its_name(project):
    reject_all(project, ["shop.orders.sum:accepted_values"])

    assert only(project).tests[1].status == "rejected"
    with pytest.raises(UnknownName, match="test proposed"):
        accept_all(project, ["shop.orders.order_id:accepted_values"])


def test_the_queue_lists_columns_before_tests(project):
    items = review_items(project)

    assert [item.selector for item in items] == [
        "shop.orders.sum",
        "shop.orders.at",
        "shop.orders.sum:accepted_values",
    ]


def test_comments_between_decisions_stay_where_they_are(project):
    path = project / "aidbt/mappings/shop__orders.yml"
    noted = MAPPING.replace("columns:\n", "columns:  # ours\n  # the sum is net\n").replace(
        "tests:", "\n# why\ntests:"
    )
    path.write_text("# owner: finance\n" + noted)

    accept_all(project, ["shop.orders.sum"])

    before, after = ("# owner: finance\n" + noted).splitlines(), path.read_text().splitlines()
    assert [line for line in after if line not in before] == [
        "  - {target: sum, source: am, type: REAL, status: accepted, by: person}"
    ]
    assert len(after) == len(before)


def test_a_layout_in_which_entries_are_not_lines_is_never_rewritten(project):
    path = project / "aidbt/mappings/shop__orders.yml"
    own = "source: {name: shop, table: orders}\ncolumns: [{target: sum, source: am, status: review}]\n"
    path.write_text(own)

    with pytest.raises(EditConflict, match="by hand"):
        accept_all(project, ["shop.orders.sum"])

    assert path.read_text() == own


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("selec from (", "not SQL"),
        ("am; drop table x", "more than one value"),
        ("am -- comment", "comment"),
        ("count(*)", "aggregate"),
        ("total", "'total', which is not among its sources"),
        ("am from other", "more than one value"),
        ("(select 1)", "another table"),
        ("", "empty"),
    ],
)
def test_an_expression_that_cannot_stand_in_a_model_is_refused(project, expression, said):
    with pytest.raises(UsageError, match=said):
        choose_one(project, "shop.orders.sum", ["am"], expression=expression, dialect="duckdb")

    assert (project / "aidbt/mappings/shop__orders.yml").read_text() == MAPPING


def test_a_chosen_column_is_cast_to_what_the_target_declares(project):
    folder = project / "aidbt/targets"
    folder.mkdir()
    (folder / "o.yml").write_text(
        "name: order\ncolumns: [{name: sum, type: 'decimal(18, 2)'}, {name: order_id}]\n"
    )

    choose_one(project, "shop.orders.sum", ["total"], dialect="duckdb")

    assert only(project).columns[1].cast == "decimal(18, 2)"


def test_a_cast_that_is_known_to_fail_cannot_be_accepted(project):
    path = project / "aidbt/mappings/shop__orders.yml"
    path.write_text(
        MAPPING.replace("score: 0.50,", "score: 0.50, note: 3 rows would lose,").replace(
            "REAL,", "REAL, cast: integer,"
        )
    )

    with pytest.raises(UsageError, match="3 rows would lose"):
        accept_all(project, ["shop.orders.sum"])


def test_a_type_that_does_not_exist_names_the_nearest(tmp_path):
    folder = tmp_path / "aidbt/targets"
    folder.mkdir(parents=True)
    (folder / "t.yml").write_text("name: t\ncolumns:\n  - {name: a, type: strng}\n")

    with pytest.raises(SettingsError) as error:
        load_targets(tmp_path)

    assert error.value.hint == "did you mean 'string'?"


@pytest.mark.parametrize(
    ("data_type", "dialect", "hint"),
    [
        ("double", "postgres", "did you mean 'double precision'?"),
        ("int64", "snowflake", "did you mean 'bigint'?"),
        ("timestamptz", "bigquery", "did you mean 'timestamp'?"),
        ("varchar(20)", "bigquery", "did you mean 'string'?"),
        ("flaot64", "bigquery", "did you mean 'float64'?"),
        ("numbr(9, 2)", "snowflake", "did you mean 'number(18, 2)'?"),
        ("strng", "", "did you mean 'string'?"),
        ("€", "snowflake", "for example: varchar, integer, bigint, float, number(18, 2), boolean, date,"),
    ],
)
def test_a_type_of_another_warehouse_names_what_it_is_called_here(project, data_type, dialect, hint):
    text = MAPPING.replace("REAL,", f"REAL, cast: '{data_type}',")
    (project / "aidbt/mappings/shop__orders.yml").write_text(text)

    with pytest.raises(SettingsError) as error:
        load_mappings(project, dialect)

    assert f"'{data_type}' is no type" in error.value.message
    assert (error.value.hint or "").startswith(hint)


@pytest.mark.parametrize(
    ("data_type", "dialect"),
    [
        ("int64", "bigquery"),
        ("timestamp_tz", "snowflake"),
        ("double precision", "postgres"),
        ("string", "spark"),
    ],
)
def test_a_type_of_the_project_s_warehouse_is_taken_and_kept_as_written(project, data_type, dialect):
    text = MAPPING.replace("REAL,", f"REAL, cast: {data_type},")
    (project / "aidbt/mappings/shop__orders.yml").write_text(text)

    for known in (dialect, ""):
        mapping = load_mappings(project, known)["shop.orders"]
        assert data_type in [column.cast for column in mapping.columns]


def test_a_source_with_dots_in_its_name_can_be_selected():
    mapping = Mapping("a.b", "t.u", (MappedColumn("c", ("c",), status="review"),))

    selector = parse_selector("a.b.t.u.c", {mapping.key: mapping})

    assert accept(mapping, selector).columns[0].status == "accepted"
    assert reject(mapping, selector).columns[0].status == "rejected"
    assert choose(mapping, selector, ["d"]).columns[0].sources == ("d",)


PAIR = (
    "  - {column: a, test: unique_combination, columns: [a, b], status: review, by: aidbt,"
    " note: 'together unique; no test'}\n"
)


def test_a_test_of_several_columns_is_read_back_the_same(tmp_path):
    text = f"{HEAD}  - {{target: a, source: a, status: accepted, by: aidbt}}\ntests:\n{PAIR}"

    mapping = parse_mapping(text, tmp_path / "m.yml", tmp_path)

    assert mapping.tests == (
        MappedTest("a", "unique_combination", "review", columns=("a", "b"), note="together unique; no test"),
    )
    assert mapping_yaml(mapping) == text


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("{column: a, test: unique_combination}", "needs two 'columns'"),
        ("{column: a, test: unique_combination, columns: [a]}", "needs two 'columns'"),
        ("{column: a, test: unique_combination, columns: [b, a]}", "'column' the first"),
        ("{column: a, test: unique, columns: [a, b]}", "unique takes no 'columns'"),
    ],
)
def test_a_test_with_the_wrong_columns_is_refused(tmp_path, test, message):
    with pytest.raises(SettingsError, match=message):
        parse_mapping(
            f"{HEAD}  - {{target: a, source: a}}\ntests:\n  - {test}\n", tmp_path / "m.yml", tmp_path
        )


def test_a_combination_is_accepted_without_its_note_and_dropped_with_any_of_its_columns(project):
    path = project / "aidbt/mappings/shop__orders.yml"
    path.write_text(
        MAPPING + PAIR.replace("column: a", "column: order_id").replace("[a, b]", "[order_id, sum]")
    )

    accept_all(project, ["shop.orders.order_id:unique_combination"])

    [test] = [test for test in only(project).tests if test.columns]
    assert (test.status, test.by, test.note) == ("accepted", "person", "")
    proposed = MappedTest("order_id", "unique_combination", columns=("order_id", "sum"))
    mapping = Mapping("s", "t", only(project).columns, tests=(proposed,))
    assert choose(mapping, Selector("s.t", "sum"), ["total"]).tests == ()


def test_questions_that_are_no_mapping_are_one_sentence_with_a_line():
    with pytest.raises(SettingsError) as error:
        parse_questions("- a\n")

    said = "aidbt/questions.yml:1: expected a mapping of names to values, got a list"
    assert error.value.message == said
    assert (error.value.hint or "").startswith("docs/reference.md")
