"""Problems in compiled SQL are told at the lines that people wrote, or at none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.findings import Severity
from aidbt.core.patch import apply_patch
from aidbt.sql.parse import Places
from aidbt.sql.resolved import SqlProblem
from aidbt.sql.validate import Written, findings_of

MODEL = """\
{{ config(materialized='table') }}

with orders as (
    select * from {{ ref('stg_orders') }}
)

{% set methods = ['card', 'cash'] %}
select
    order_id,
    {% for method in methods -%}
    sum(case when method = '{{ method }}' then amout end) as {{ method }}_amount,
    {% endfor -%}
    custmer_id
from orders
join {{ ref('payments') }} using (order_idd)
group by 1
"""
COMPILED = """\


with orders as (
    select * from "db"."main"."stg_orders"
)


select
    order_id,
    sum(case when method = 'card' then amout end) as card_amount,
    sum(case when method = 'cash' then amout end) as cash_amount,
    custmer_id
from orders
join "db"."main"."payments" using (order_idd)
group by 1
"""
WRITTEN = Written("models/m.sql", MODEL, COMPILED)


def problem(token, replacement="", *, text=COMPILED, nth=0):
    start = -1
    for _ in range(nth + 1):
        start = text.index(token, start + 1)
    line, column = Places(text).at(start)
    return SqlProblem(
        "column.unknown", f"no column {token}", line, column, start, start + len(token), ("x",), replacement
    )


def line_of(token):
    return 1 + MODEL[: MODEL.index(token)].count("\n")


def test_an_unchanged_line_gives_its_line_and_column():
    (finding,) = findings_of([problem("custmer_id")], WRITTEN)

    assert finding.where == f"models/m.sql:{line_of('custmer_id')}:5"
    assert finding.evidence == {
        "line": str(line_of("custmer_id")), "column": "5", "compiled_line": "12", "nearest": "x",
        "text": "custmer_id",
    }  # fmt: skip


def test_a_line_with_jinja_gives_the_place_of_the_word_in_it():
    (finding,) = findings_of([problem("order_idd")], WRITTEN)

    column = 1 + MODEL.splitlines()[line_of("order_idd") - 1].index("order_idd")
    assert finding.where == f"models/m.sql:{line_of('order_idd')}:{column}"


def test_a_line_that_a_loop_made_is_told_at_the_line_of_the_loop_or_as_compiled():
    first, second = findings_of([problem("amout"), problem("amout", nth=1)], WRITTEN)

    assert first.where.startswith(f"models/m.sql:{line_of('amout')}:")
    assert second.where == "models/m.sql (compiled line 11)"


def test_a_text_that_no_written_line_is_like_is_told_as_compiled():
    written = Written("m.sql", "{{ whole_model() }}", "select amout\nfrom t")

    (finding,) = findings_of([problem("amout", text=written.compiled)], written)

    assert finding.where == "m.sql (compiled line 1)"
    assert finding.patch is None


def test_a_misspelt_name_with_one_answer_is_patched_where_it_is_written(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models/m.sql").write_text(MODEL)

    (finding,) = findings_of([problem("custmer_id", "customer_id")], WRITTEN)
    apply_patch(finding.patch, tmp_path)

    assert (tmp_path / "models/m.sql").read_text() == MODEL.replace("custmer_id", "customer_id")
    assert finding.patch.edits[0].undo == MODEL


def test_nothing_is_patched_inside_of_a_tag_or_in_what_is_no_file():
    inside = Written("m.sql", "select {{ 'amout' }} from t", "select amout from t")
    stdin = Written("<stdin>", "select amout from t", "select amout from t", is_file=False)

    for written in (inside, stdin):
        (finding,) = findings_of([problem("amout", "amount", text=written.compiled)], written)
        assert finding.patch is None


def test_of_a_word_that_stands_twice_in_a_line_of_jinja_the_right_one_is_patched():
    written = Written("m.sql", "select idd, {{ x }} as b, -idd from t", "select idd, 1 as b, -idd from t")

    (finding,) = findings_of([problem("idd", "id", text=written.compiled, nth=1)], written)

    assert finding.patch.edits[0].after == "select idd, {{ x }} as b, -id from t"


def test_a_word_that_a_tag_may_have_made_as_well_is_not_patched():
    written = Written("m.sql", "select {{ a }}, idd, {{ b }} from t", "select idd, idd, idd, idd from t")

    (finding,) = findings_of([problem("idd", "id", text=written.compiled, nth=1)], written)

    assert finding.where == "m.sql:1"
    assert finding.patch is None


def test_line_ends_of_windows_change_no_place():
    written = Written("m.sql", "{{ config() }}\r\nselect\r\n  idd\r\nfrom t", "\nselect\n  idd\nfrom t")

    (finding,) = findings_of([problem("idd", "id", text=written.compiled)], written)

    assert finding.where == "m.sql:3:3"
    assert finding.patch.edits[0].after == "{{ config() }}\r\nselect\r\n  id\r\nfrom t"


def test_a_line_of_many_tags_is_mapped_in_no_time():
    line = " + ".join("{{ a }}" for _ in range(40))
    compiled = " + ".join(str(n) for n in range(400)) + " - idd"
    written = Written("m.sql", f"select {line}\nfrom t", f"select {compiled}\nfrom t")

    (finding,) = findings_of([problem("idd", text=compiled)], written)

    assert finding.patch is None


TAGS = st.lists(st.sampled_from(["a", "b, a", "", " + ", "idd", "x y"]), min_size=1, max_size=3)
TEXTS = st.lists(st.sampled_from(["select idd, ", ", idd", " as b", "-", "idd", ""]), min_size=4, max_size=4)


@given(TEXTS, TAGS, st.integers(0, 5))
def test_a_word_of_a_tag_is_never_taken_for_one_of_the_line(texts, tags, nth):
    """Each place that is told is right whatever the tags were filled with."""
    filled, line, own = "", "", {}
    for number, text in enumerate(texts[: len(tags) + 1]):
        own.update({len(filled) + at: len(line) + at for at in range(len(text))})
        filled, line = filled + text, line + text
        if number < len(tags):
            filled, line = filled + tags[number], line + "{{ x }}"
    starts = [at for at in range(len(filled)) if filled.startswith("idd", at)]
    if not starts or filled == line:
        return
    start = starts[nth % len(starts)]
    written = Written("m.sql", "first\n" + line, "first\n" + filled)
    found = SqlProblem("column.unknown", "", 2, start + 1, 6 + start, 9 + start)

    _, column, _ = written.place(found)

    if column:
        assert column - 1 == own.get(start)


def test_a_problem_without_a_place_is_told_of_the_file():
    (finding,) = findings_of([SqlProblem("engine.refused", "no", severity=Severity.WARN)], WRITTEN)

    assert (finding.where, finding.severity, finding.evidence) == ("models/m.sql", Severity.WARN, {})


LINES = st.lists(
    st.sampled_from(["select a", "  , b_col", "from t", "", "where x = 1", "-- note"]), min_size=1
)


@given(LINES, LINES, st.integers(0, 30))
def test_a_place_is_right_or_not_given(head, tail, at):
    """Whatever a template adds before and after, a line that is told holds the word that it is told for."""
    body = ["select", "    misspelt_name", "from orders"]
    written_text = "\n".join([*head, *body, *tail])
    compiled = "\n".join(["", *body, *tail[:at]])
    written = Written("m.sql", written_text, compiled)

    line, column, offset = written.place(problem("misspelt_name", text=compiled))

    if line:
        assert written_text.split("\n")[line - 1] == "    misspelt_name"
    if offset is not None:
        assert (column, written_text[offset : offset + 13]) == (5, "misspelt_name")
