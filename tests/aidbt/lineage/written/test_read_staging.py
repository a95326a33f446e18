"""Staging models of other people, read as decided mappings."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from aidbt.core.schema import MappedColumn, Mapping
from aidbt.lineage.written.staging import NotRead, StagingModel, as_mapping, read_staging_model
from aidbt.lineage.written.traced import TracedColumn

CASES = Path(__file__).parents[3] / "golden" / "staging_read"
SOURCE = "{{ source('s', 't') }}"


def read(text: str, dialect: str = "duckdb") -> StagingModel:
    model = read_staging_model(text, path="models/stg_x.sql", dialect=dialect)
    assert isinstance(model, StagingModel), model
    return model


def columns(text: str, dialect: str = "duckdb") -> list[tuple[str, str, list[str], str]]:
    """(name, kind, source columns, SQL over them) of each column."""
    return [(c.name, c.kind, [s.name for s in c.sources], c.text) for c in read(text, dialect).columns]


def described(model: StagingModel | NotRead) -> str:
    """A model as a golden file shows it."""
    name = Path(model.path).stem
    if isinstance(model, NotRead):
        return f"{name}\n  not read, line {model.line}: {model.reason}\n"
    lines = [name, "  reads " + ", ".join(f"{r.kind} {r}" for r in model.relations)]
    lines += [f"  names {r.kind} {r}" for r in model.also_reads]
    lines += [f"  is a {shape}" for shape in model.shapes]
    lines += [f"  {rule.kind}: {' '.join(rule.text.split())}" for rule in model.rules]
    return "\n".join(lines + [f"    {_column(c)}" for c in model.columns]) + "\n"


def _column(column: TracedColumn) -> str:
    name = column.name or "?"
    if column.kind == "star":
        return f"* of {column.relation}" + (f" but {', '.join(column.excluded)}" if column.excluded else "")
    used = ", ".join(source.name for source in column.sources) or "-"
    said = f"  {' '.join(column.text.split())}" if column.kind not in ("direct", "cast") else ""
    to = f" to {column.data_type}{' quietly' if column.quiet else ''}" if column.kind == "cast" else ""
    asked = f"  (macro given {', '.join(column.jinja_names)})" if column.jinja_names else ""
    return f"{name}: {column.kind} {used}{to}{said}{asked}"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_models_read_as_they_were_reviewed(case: str, update_golden: bool):
    dialect = (CASES / case / "dialect.txt").read_text().strip()
    text = "\n".join(
        described(read_staging_model(path.read_text(), path=path.name, dialect=dialect))
        for path in sorted((CASES / case).glob("*.sql"))
        if path.name != "written.sql"
    )
    expected = CASES / case / "read.txt"
    if update_golden:
        expected.write_text(text)

    assert text == expected.read_text()


# --- casts, names and comments ---

CASTS = {
    "cast(a as int)": ("int", False),
    "CAST( a AS decimal(18, 2) )": ("decimal(18, 2)", False),
    "a::timestamp with time zone": ("timestamp with time zone", False),
    "a :: int": ("int", False),
    "try_cast(a as date)": ("date", True),
    "cast(a as {{ dbt.type_string() }})": ("{{ dbt.type_string() }}", False),
    "a::{{ dbt.type_int() }}": ("{{ dbt.type_int() }}", False),
    "t.a::int[]": ("int[]", False),
}


@pytest.mark.parametrize("written", CASTS)
def test_a_cast_is_known_in_every_spelling(written: str):
    (column,) = read(f"select {written} as b from {SOURCE} as t").columns

    assert (column.name, column.kind, column.sources[0].name) == ("b", "cast", "a")
    assert (column.data_type, column.quiet) == CASTS[written]


def test_bigquery_has_its_own_quiet_cast_and_struct_fields():
    model = read(f"select safe_cast(a as int64) as a, `b c`.d as d from {SOURCE}", "bigquery")

    assert [(c.kind, c.quiet, c.sources[0].name) for c in model.columns] == [
        ("cast", True, "a"),
        ("expression", False, "b c"),
    ]


def test_an_expression_keeps_its_own_words():
    text = f"""select
        CASE
            WHEN a = 1 THEN {{{{ f('x') }}}}  -- one
            ELSE b
        END AS c
    from {SOURCE}"""

    (column,) = read(text).columns

    assert column.text == "CASE\n    WHEN a = 1 THEN {{ f('x') }}  -- one\n    ELSE b\nEND"
    assert [source.name for source in column.sources] == ["a", "b"]


def test_an_expression_behind_ctes_is_written_over_the_sources_columns():
    text = f"""with a as (select id as k, x / 100.0 as v, w::int as n from {SOURCE}),
    b as (select *, v * 2 as twice, "k" as kk from a)
    select twice + n as r, coalesce(b.v, 0) as s, kk from b"""

    assert columns(text) == [
        ("r", "expression", ["x", "w"], "((x / 100.0) * 2) + (w::int)"),
        ("s", "expression", ["x"], "coalesce((x / 100.0), 0)"),
        ("kk", "direct", ["id"], "id"),
    ]


def test_constants_and_literals_with_jinja():
    text = f"select 1 as a, cast(null as int) as b, -2.5 as c, 'x' as d, '{{{{ v }}}}' as e from {SOURCE}"

    assert [kind for _, kind, _, _ in columns(text)] == ["constant"] * 4 + ["unknown"]


def test_a_casting_macro_names_its_column_other_macros_only_mention_it():
    model = read(
        "select {{ dbt.safe_cast('a', api.Column.translate_type('int')) }} as a, {{ cents('b') }} as b, "
        f"{{{{ dbt_utils.generate_surrogate_key(['c', 'd']) }}}} as k from {SOURCE}"
    )

    assert [[s.name for s in c.sources] for c in model.columns] == [["a"], [], []]
    assert [c.jinja_names for c in model.columns] == [("a",), ("b",), ("c", "d")]


def test_quoted_names_with_escaped_braces_are_the_names_dbt_prints():
    assert columns(f'select "{{{{ \'{{\' }}}}{{ z }}}}" as "B b" from {SOURCE}')[0][:3] == (
        "B b",
        "direct",
        ["{{ z }}"],
    )


def test_star_forms():
    text = f"""with s as (select * from {SOURCE}), r as (select s.*, upper(n) as big from s)
    select * exclude (x), n as m from r"""

    model = read(text, "snowflake")

    assert [(c.name, c.kind, c.excluded) for c in model.columns] == [
        ("*", "star", ("x",)),
        ("big", "expression", ()),
        ("m", "direct", ()),
    ]


def test_dbt_utils_star_is_a_star_of_the_relation_it_names():
    model = read(f"select {{{{ dbt_utils.star(from=source('s', 't'), except=['x']) }}}} from {SOURCE}")

    assert [(c.kind, c.excluded) for c in model.columns] == [("star", ("x",))]


# --- what is not certain ---

UNKNOWN = {
    "an alias of the same list, or a column": f"select x / 2 as v, v * 2 as b from {SOURCE}",
    "a macro behind a cte that renames": (
        f"with r as (select x as a from {SOURCE}) select {{{{ f('a') }}}} as b from r"
    ),
    "a list of names given to it": (
        f"with r as (select x as a from {SOURCE}) select {{{{ f(['a']) }}}} as b from r"
    ),
    "a macro's text behind a cte": (
        f"with r as (select x as a from {SOURCE}) select {{{{ f('a+1') }}}} as b from r"
    ),
    "a variable": f"select {{{{ some_column }}}} as b from {SOURCE}",
    "a column of one of two": f"select a as b from {SOURCE} join {{{{ ref('m') }}}} using (id)",
    "a subquery": f"select (select max(z) from {{{{ ref('m') }}}}) as b from {SOURCE}",
    "part of it depends": (
        f"select case when a {{% if x %}} and c {{% endif %}} then 1 end as b from {SOURCE}"
    ),
    "a column written over": f"with r as (select *, upper(b) as b from {SOURCE}) select b from r",
    "a name that is there twice": f"with r as (select x as b, y as b from {SOURCE}) select b from r",
    "a list that a macro prints": f"with r as (select {{{{ cols() }}}} from {SOURCE}) select a as b from r",
    "two macros side by side": (
        f"with r as (select {{{{ f() }}}}\n{{{{ g() }}}} from {SOURCE}) select b from r"
    ),
    "a pivot": f"select a as b from {SOURCE} pivot (sum(x) for y in ('a', 'b'))",
    "branches that differ": f"select x as b from {SOURCE} union all select y from {{{{ ref('m') }}}}",
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_is_not_certain_is_unknown(what: str):
    last = read(UNKNOWN[what], "snowflake").columns[-1]

    assert (last.name, last.kind, last.sources) == ("b", "unknown", ())


def test_a_source_column_wins_over_an_alias_where_the_source_is_known_to_have_it():
    text = f"select coalesce(v, 0) as v, v * 2 as twice from {SOURCE}"

    assert columns(text, "snowflake")[1] == ("twice", "expression", ["v"], "v * 2")
    assert columns(text, "clickhouse")[1][1] == "unknown"


def test_where_aliases_cannot_be_used_again_a_name_is_the_sources():
    text = f"select x as v, v as b from {SOURCE}"

    assert columns(text, "postgres")[1] == ("b", "direct", ["v"], "v")


NOT_READ = {
    "": "it holds no SQL",
    "-- nothing yet\n": "it holds no SQL",
    "{{ config(enabled=false) }}": "it holds no SQL",
    "delete from x": "it is no select",
    "select 1; select 2": "it holds 2 statements",
    "select a b c from t": "it is not SQL that can be read",
    "select 'a": "it is not SQL that can be read",
    "select a from (": "it is not SQL that can be read",
    "{% for x in y %}{% endfor %}": "its SQL depends on",
}


@pytest.mark.parametrize("text", NOT_READ)
def test_a_model_that_cannot_be_read_says_why(text: str):
    model = read_staging_model(text, path="models/stg_x.sql", dialect="duckdb")

    assert isinstance(model, NotRead)
    assert NOT_READ[text] in model.reason


def test_the_line_of_a_syntax_error_is_the_models_line():
    text = "{#\n\n#}\nselect {{\n f(\n) }} as a,\n b c d\nfrom t"

    model = read_staging_model(text, path="m.sql", dialect="duckdb")

    assert isinstance(model, NotRead)
    assert model.line == 7


@pytest.mark.parametrize(
    "text", ["\ufeffselect a from t", "select a\r\n, b as c\r\nfrom t\r\n;", "(select a from t)"]
)
def test_byte_order_marks_line_ends_and_parentheses_do_no_harm(text: str):
    assert columns(text)[0] == ("a", "direct", ["a"], "a")


def test_an_adapter_that_sqlglot_does_not_know_is_read_as_common_sql():
    assert columns("select a as b from t", "vertica") == [("b", "direct", ["a"], "a")]


# --- as a mapping ---


def test_a_model_of_one_source_is_a_mapping_that_a_person_decided():
    model = read(f"""select id as lead_id, name, score::int as score, try_cast(d as date) as d,
        cast(u as {{{{ dbt.type_string() }}}}) as u, lower(mail) as mail, 'crm' as origin, v / 2 as v,
        w + w2 as w3, {{{{ x }}}} as x from {SOURCE} where not deleted""")

    assert as_mapping(model) == Mapping(
        "s",
        "t",
        (
            MappedColumn("lead_id", ("id",), by="person"),
            MappedColumn("name", ("name",), by="person"),
            MappedColumn("score", ("score",), by="person", cast="int"),
            MappedColumn("d", ("d",), by="person", expression="try_cast(d as date)"),
            MappedColumn("u", ("u",), by="person", expression="cast(u as {{ dbt.type_string() }})"),
            MappedColumn("mail", ("mail",), by="person", expression="lower(mail)"),
            MappedColumn("origin", (), by="person", expression="'crm'"),
            MappedColumn("v", ("v",), by="person", expression="v / 2"),
            MappedColumn("w3", ("w", "w2"), by="person", expression="w + w2"),
        ),
    )


def test_a_star_is_written_out_where_the_sources_columns_are_known():
    model = read(f"select * exclude (X), y as z from {SOURCE}", "snowflake")

    mapping = as_mapping(model, ["w", "x", "y"])

    assert mapping is not None
    assert [(c.target, c.sources) for c in mapping.columns] == [("w", ("w",)), ("y", ("y",)), ("z", ("y",))]
    assert mapping.unmapped == ("x",)


@pytest.mark.parametrize(
    "text",
    [
        "select a from {{ ref('m') }}",
        "select a from t",
        f"select a from {SOURCE} join {{{{ ref('m') }}}} using (id)",
        f"select a from {SOURCE} union all select a from {SOURCE}",
        f"select a, count(*) as n from {SOURCE} group by a",
    ],
)
def test_other_models_are_no_mapping(text: str):
    assert as_mapping(read(text)) is None


# --- what is read is what the warehouse does ---

BASE = ["a", "b", "c"]
FORMS_OF_A_CTE = ["list", "list", "star", "star and more", "exclude", "replace", "subquery"]
FORMS_OF_A_CTE += ["names given"]


@st.composite
def chained_models(draw) -> str:
    """A model of two to four selects, each over the one before, with names used again for other things."""
    names = list(BASE)
    ctes = ["cte_0 as (select * from " + SOURCE + ")"]
    for number in range(1, draw(st.integers(2, 4))):
        form = draw(st.sampled_from(FORMS_OF_A_CTE))
        items = []
        new = draw(st.lists(st.sampled_from([*BASE, "d", "e"]), min_size=1, max_size=3, unique=True))
        for name in new:
            known = [*names, *(item.rpartition(" ")[2] for item in items)]  # aliases of the same list too
            one, two = draw(st.sampled_from(known)), draw(st.sampled_from(known))
            qualified = (f"cte_{number - 1}." if one in names and draw(st.booleans()) else "") + one
            value = draw(
                st.sampled_from(
                    [qualified, qualified, f"{one}::bigint", f"cast({one} as bigint)", f"{one} - {two}"]
                    + [
                        f"coalesce({qualified}, 1)",
                        "7",
                        f"case when {one} > {two} then {one} else -{two} end",
                    ]
                )
            )
            items.append(f"{value} as {name}")
        before = f"cte_{number - 1}"
        if form == "star":
            text, new = f"select * from {before}", names
        elif form == "star and more":
            # A name that is there already: DuckDB calls the second one `a_1`.
            more = draw(st.sampled_from([f"z_{number}", names[0], names[-1]]))
            again = f"{more}_1" if more in names else more
            value = more if more in names else names[0]
            text, new = f"select {before}.*, {value} + 1 as {more} from {before}", [*names, again]
        elif form == "exclude" and len(names) > 1:
            gone = draw(st.sampled_from(names))
            text, new = f"select * exclude ({gone}) from {before}", [name for name in names if name != gone]
        elif form == "replace":
            old = draw(st.sampled_from(names))
            text, new = f"select * replace ({names[0]} - {names[-1]} as {old}) from {before}", names
        elif form == "names given":
            number_given = draw(st.integers(1, len(names)))
            given = [f"g_{at}" for at in range(number_given)]
            text = f"select g.* from (select {', '.join(names)} from {before}) as g({', '.join(given)})"
            new = [*given, *names[number_given:]]
        elif form == "subquery":
            text = f"select q.* from (select {', '.join(items)} from {before}) as q"
        else:
            text = f"select {', '.join(items)} from {before}"
        names = list(new)
        ctes.append(f"cte_{number} as (\n  {text}\n)")
    return f"with {', '.join(ctes)}\nselect * from cte_{len(ctes) - 1}"


@pytest.fixture(scope="module")
def rows():
    connection = duckdb.connect()
    connection.execute("create table t as select i as a, i * 7 % 5 as b, 100 - i as c from range(1, 9) r(i)")
    yield connection
    connection.close()


WITH_SOURCE = f"with cte_0 as (select * from {SOURCE}), "


@settings(deadline=None, max_examples=60)
@given(text=chained_models())
@example(text=WITH_SOURCE + "cte_1 as (select a as d, d as e from cte_0) select * from cte_1")
@example(
    text=WITH_SOURCE + "r as (select *, a + 1 as a from cte_0), s as (select a as k from r) select * from s"
)
@example(
    text=WITH_SOURCE
    + "r as (select b as a, a as b from cte_0), s as (select a - b as d from r) select d from s"
)
@example(
    text=WITH_SOURCE + "cte_1 as (select a as a from cte_0), "
    "cte_2 as (select cte_1.*, a + 1 as a from cte_1), "
    "cte_3 as (select * exclude (a) from cte_2) select * from cte_3"
)
def test_every_traced_column_is_what_the_warehouse_computes(rows, text):
    model = read(text)
    try:
        computed = rows.execute(f"from ({text.replace(SOURCE, 't')})")  # named as in the table dbt makes
    except duckdb.BinderException:
        assume(False)  # it uses a column that an earlier select left out
    names = [column[0] for column in computed.description]
    values = list(zip(*computed.fetchall(), strict=True))

    listed = [c for c in model.columns if c.kind != "star"]
    if len(listed) == len(model.columns):
        assert [c.name for c in listed] == names
    for column in listed:
        if column.kind == "unknown":
            continue
        (expected,) = zip(*rows.execute(f"select {column.text} from t").fetchall(), strict=True)
        assert values[names.index(column.name)] == expected, (text, column)
        used = rows.execute(f"select {', '.join(s.name for s in column.sources) or 1} from t")
        assert used.fetchone() is not None


JOINS = {
    "join r using (a)": [("a", "l.a"), ("b", "l.b"), ("b_1", "r.b")],
    "left join r using (a)": [("a", "l.a"), ("b", "l.b"), ("b_1", "r.b")],
    "right join r using (a)": [("a", ""), ("b", "l.b"), ("b_1", "r.b")],
    "full join r using (a)": [("a", ""), ("b", "l.b"), ("b_1", "r.b")],
    "join r on l.a = r.a": [("a", "l.a"), ("b", "l.b"), ("a_1", "r.a"), ("b_1", "r.b")],
    "semi join r using (a)": [("a", "l.a"), ("b", "l.b")],
    "anti join r on l.a = r.a": [("a", "l.a"), ("b", "l.b")],
}


@pytest.mark.parametrize("join", JOINS)
def test_a_star_over_a_join_has_the_columns_that_duckdb_gives(rows, join: str):
    sides = "with l as (select a, b from {}), r as (select a, b from {}) select * from l " + join

    names = [c[0] for c in rows.execute(f"from ({sides.format('t', 't')})").description]
    model = read(sides.format("{{ source('s', 'l') }}", "{{ source('s', 'r') }}"))

    made_of = [(c.name, ".".join(f"{s.relation.name}.{s.name}" for s in c.sources)) for c in model.columns]
    assert made_of == JOINS[join]
    assert [name for name, _ in made_of] == names


def test_what_is_beside_a_star_of_unknown_columns_is_numbered_where_the_star_has_its_name_for_certain():
    behind = read(f"with r as (select *, upper(b) as b, 1 as n from {SOURCE}) select * exclude (b) from r")
    before = read(f"with r as (select upper(b) as b, * from {SOURCE}) select * from r")

    assert [(c.name, c.kind, c.excluded) for c in behind.columns] == [
        ("*", "star", ("b",)),
        ("b_1", "expression", ()),
        ("n", "constant", ()),
    ]
    assert [(c.name, c.kind, c.excluded) for c in before.columns] == [
        ("b", "expression", ()),
        ("*", "star", ("b",)),
        ("b_1", "unknown", ()),
    ]


def test_columns_of_a_union_by_name_are_not_followed_by_their_place():
    text = f"select a, b from {SOURCE} union all by name select b, a from {SOURCE}"

    assert columns(text) == [("", "unknown", [], "")]


# --- what is written is what is read ---

NAMES = st.from_regex(r"c_[a-z]{1,4}", fullmatch=True)
ITEMS = {
    "direct": ("{a}", ["{a}"]),
    "cast": ("cast({a} as varchar)", ["{a}"]),
    "expression": ("{a} + {b}", ["{a}", "{b}"]),
    "constant": ("'{a}'", []),
}
FORMS = [
    "select {items} from {source}",
    "with source as (\n  select * from {source}\n)\nselect {items}\nfrom source",
    "with source as (select * from {source}), renamed as (select {items} from source) select * from renamed",
    "with a as (select * from {source}), b as (select a.* from a) select {items} from b where 1 = 1",
    "select * from (select {items} from {source}) as x",
]
GLUES = [", ", ",\n    ", "\n  , ", ", -- note, 'note'\n", "\n/* a, b */ ,"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(ITEMS)), NAMES, NAMES), min_size=1, max_size=6),
    st.sampled_from(FORMS),
    st.sampled_from(GLUES),
    st.sampled_from([" as ", " AS ", "\n as\n", "  -- c\n as "]),
    st.sampled_from(["duckdb", "snowflake", "postgres", "bigquery", "spark"]),
)
def test_every_column_is_read_as_it_was_written(items, form, glue, as_word, dialect):
    aliases = [f"out_{number}" for number in range(len(items))]
    values = [(kind, ITEMS[kind][0].format(a=a, b=b), ITEMS[kind][1], a, b) for kind, a, b in items]
    listed = glue.join(f"{v[1]}{as_word}{alias}" for v, alias in zip(values, aliases, strict=True))

    found = columns(form.format(items=listed, source=SOURCE), dialect)

    assert found == [
        (alias, kind, list(dict.fromkeys(use.format(a=a, b=b) for use in uses)), text)
        for alias, (kind, text, uses, a, b) in zip(aliases, values, strict=True)
    ]


TEXTS = sorted(path.read_text() for path in CASES.glob("*/*.sql"))
BITS = [
    "{{", "}}", "{%", "%}", "{# ", "(", ")", ",", "'", '"', "--", "`", "*", "::", ".", "\n", "select ",
    "from ",
    " as ", "with ", "union all ", "case ", " end ", " over (", "where ", "distinct ", "except (", "join ",
    "{% if x %}", "{% endif %}",
]  # fmt: skip


@settings(deadline=None)
@given(
    st.sampled_from(TEXTS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(["", *BITS])), max_size=3),
    st.sampled_from(["duckdb", "snowflake", "bigquery", "postgres", "spark", "tsql"]),
)
@pytest.mark.long
def test_a_broken_model_is_a_reason_and_never_an_error(text, edits, dialect):
    for share, cut, new in edits:
        place = int(share * len(text))
        text = text[:place] + new + text[place + cut :]

    model = read_staging_model(text, path="models/stg_x.sql", dialect=dialect)

    if isinstance(model, NotRead):
        assert model.reason and 0 <= model.line <= text.count("\n") + 1
    else:
        as_mapping(model, ["a", "b"])
        assert model.text == text
