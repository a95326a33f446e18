"""What changed, how it was decided, and the review text that ranks it."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aidbt.core.config import ConventionSettings
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import (
    Column,
    ColumnProfile,
    MappedColumn,
    MappedTest,
    Mapping,
    Relation,
    RowRule,
    TableProfile,
)
from aidbt.generate.pull_request.body import pr_body
from aidbt.generate.pull_request.markdown import code, prose
from aidbt.generate.pull_request.risks import Review, risks, value_risk
from aidbt.generate.pull_request.summary import Summary, decided, summarize

RULES = ConventionSettings()
USERS = Mapping(
    "crm",
    "users",
    (
        MappedColumn("user_id", ("id",), source_type="BIGINT"),
        MappedColumn("email", ("email",), source_type="VARCHAR"),
        MappedColumn("created_at", ("created",), source_type="VARCHAR", cast="timestamp"),
        MappedColumn("organisation", ("org",), source_type="VARCHAR"),
        MappedColumn("nickname", ("nick",), source_type="VARCHAR", by="person"),
        MappedColumn(
            "amount",
            ("amount",),
            status="review",
            source_type="VARCHAR",
            cast="decimal(18, 2)",
            note="3 rows would lose their value by a cast to decimal(18, 2)",
        ),
        MappedColumn("fax", ("fax",), status="rejected", by="person"),
    ),
    schema="raw_crm",
    unmapped=("_batch",),
    tests=(
        MappedTest("user_id", "not_null"),
        MappedTest("user_id", "unique"),
        MappedTest("state", "accepted_values", "review", values=("new", "old")),
    ),
    row_rules=(RowRule("soft_delete", where="not _fivetran_deleted"),),
)
RELATION = Relation(
    "raw_crm",
    "users",
    tuple(Column(n, t) for n, t in [("id", "BIGINT"), ("email", "VARCHAR"), ("created", "VARCHAR")]),
    row_count=1_000,
)
PROFILE = TableProfile(
    "raw_crm",
    "users",
    1_000,
    1_000,
    "f",
    (ColumnProfile("id", "BIGINT", 0.0, 1_000), ColumnProfile("email", "VARCHAR", 0.0, 990, pii="email")),
)


def summary_of(
    *after: Mapping, before: tuple[Mapping, ...] = (), tables=None, kind: str = "duckdb"
) -> Summary:
    return summarize(
        {m.key: m for m in before},
        {m.key: m for m in after},
        tables={} if tables is None else tables,
        rules=RULES,
        kind=kind,
    )


# --- what changed -------------------------------------------------------------------------------------


def test_columns_are_counted_by_how_they_were_decided():
    summary = summary_of(USERS)

    assert summary.staged == ("crm.users",)
    assert summary.columns == {"rule": 3, "history": 1, "person": 1, "match": 0, "question": 1}
    assert summary.tests_added == 2  # the one that waits is not added


@pytest.mark.parametrize(
    ("column", "how", "rule"),
    [
        (MappedColumn("user_id", ("id",), source_type="BIGINT"), "rule", "key: {entity}_id"),
        (
            MappedColumn("created_at", ("createdDate",), source_type="TIMESTAMP"),
            "rule",
            "timestamp: {name}_at",
        ),
        (
            MappedColumn("email_2", ("Email",), source_type="TEXT"),
            "rule",
            "numbered: another column has this name",
        ),
        (MappedColumn("mail", ("email",), source_type="TEXT"), "history", "as in other staging models"),
        (
            MappedColumn("mail", ("e",), source_type="TEXT", rule="renamed as elsewhere"),
            "history",
            "renamed as elsewhere",
        ),
        (MappedColumn("mail", ("e",), by="person"), "person", "chosen"),
        (MappedColumn("mail", ("e",), by="person", expression="lower(e)"), "person", "an expression"),
        (MappedColumn("mail", ("e",), status="review", note="why"), "question", "why"),
    ],
)
def test_the_rule_behind_a_column_is_found_again_from_the_file(column: MappedColumn, how: str, rule: str):
    found = decided(column, USERS, RULES)

    assert (found.how, found.rule) == (how, rule)


def test_with_a_target_a_name_of_its_own_is_a_guess_by_score():
    mapping = replace(USERS, target="people")

    assert decided(MappedColumn("mail", ("email",)), mapping, RULES).how == "match"
    assert decided(MappedColumn("email", ("email",)), mapping, RULES).how == "rule"


def test_only_what_is_new_counts():
    more = MappedColumn("phone", ("phone",), source_type="VARCHAR")
    after = replace(USERS, columns=(*USERS.columns, more), unmapped=("_batch", "_file"))

    [table] = summary_of(after, before=(USERS,)).tables

    assert not table.is_new
    assert [item.column for item in table.columns] == [more]
    assert (table.tests, table.row_rules, table.dropped) == ((), (), ("_file",))
    assert summary_of(USERS, before=(USERS,)).tables == ()


def test_rows_and_bytes_are_known_only_when_all_tables_are():
    other = Mapping("crm", "visits", (MappedColumn("visit_id", ("id",)),))
    known = {"crm.users": (RELATION, PROFILE)}

    assert summary_of(USERS, tables=known).rows_in == 1_000
    assert summary_of(USERS, other, tables=known).rows_in is None
    # not_null and unique read `id`, 8 of the 56 bytes of a row; PostgreSQL reads the rows whole.
    assert summary_of(USERS, tables=known).test_bytes == 2 * 8 * 1_000
    assert summary_of(USERS, tables=known, kind="postgres").test_bytes == 2 * 56 * 1_000
    assert summary_of(USERS, other, tables=known).test_bytes is None


def test_personal_data_is_told_by_the_name_in_staging():
    [table] = summary_of(USERS, tables={"crm.users": (RELATION, PROFILE)}).tables

    assert table.pii == (("email", "email"),)


# --- the ranking --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source_type", "cast", "says"),
    [
        ("VARCHAR", "timestamp", "text read as `timestamp`"),
        (
            "VARCHAR",
            "timestamp with time zone",
            "text read as `timestamp with time zone`, read as UTC where it names no offset",
        ),
        ("TIMESTAMP", "timestamptz", "`timestamp` to `timestamptz`: depends on the time zone"),
        ("TIMESTAMP", "date", "`timestamp` to `date`: a part is cut off"),
        ("DOUBLE", "bigint", "`double` to `bigint`: a part is cut off"),
        ("DECIMAL(18,2)", "double", "`decimal(18,2)` to `double`: no longer exact"),
        ("INTEGER", "boolean", "`integer` to `boolean`"),
        ("INTEGER", "bigint", ""),
        ("INTEGER", "decimal(18, 2)", ""),
        ("VARCHAR", "text", ""),
    ],
)
def test_what_a_cast_does_to_values(source_type: str, cast: str, says: str):
    assert value_risk(MappedColumn("x", ("x",), source_type=source_type, cast=cast)) == says


def test_the_riskiest_comes_first_and_each_kind_once():
    guessed = replace(
        USERS,
        table="guests",
        target="people",
        columns=(
            MappedColumn("surname", ("ln",), source_type="TEXT"),
            MappedColumn("b", ("a",), expression="a + 1", by="person"),
        ),
        tests=(),
    )
    findings = [
        Finding("relationship.does_not_hold", Severity.INFO, "crm.users.org", "9 of 90 rows have no match"),
        Finding("source.column_retyped", Severity.WARN, "crm.users.nick", "nick was INT"),
        Finding("cast.no_longer_holds", Severity.ERROR, "crm.users.created", "2 rows lose their value"),
    ]
    review = Review(
        summary_of(USERS, guessed, tables={"crm.users": (RELATION, PROFILE)}), 9, findings, ["models/x.sql"]
    )

    assert [risk.title for risk in risks(review)] == [
        "**1 error** to settle before this is merged",
        "**1 file left alone**: what is new waits beside",
        "**1 column matched to a target by score**, not by the same name",
        "**2 columns change their values**",
        "**1 key**, unique and filled on every row",
        "**2 rules leave rows out**",
        "**1 column seems to hold personal data**",
        "**1 relationship without a test**",
        "**3 source columns left out** of staging",
        "**1 warning**",
    ]


def test_keys_that_may_be_chance_are_named():
    pair = Mapping(
        "shop",
        "lines",
        (MappedColumn("order_id", ("o",)), MappedColumn("line", ("l",))),
        tests=(MappedTest("order_id", "unique_combination", columns=("order_id", "line")),),
    )
    odd = Mapping(
        "shop", "stock", (MappedColumn("quantity", ("qty",)),), tests=(MappedTest("quantity", "unique"),)
    )
    none = Mapping("shop", "log", (MappedColumn("text", ("text",)),))
    few = {"crm.users": (RELATION, replace(PROFILE, row_count=12))}

    [keys] = [r for r in risks(Review(summary_of(USERS, pair, odd, none, tables=few), 1)) if "key" in r.title]

    assert keys.lines == (
        "`shop.log`: no key was found, so that nothing tests for duplicates",
        "`shop.lines`: `order_id` + `line` together tell rows apart",
        "`shop.stock`: `quantity` is unique, though its name is not that of a key",
        "`crm.users`: `user_id` is unique, but only on 12 rows",
    )


# --- the text -----------------------------------------------------------------------------------------


def test_the_text_reads_from_the_riskiest_to_the_folded():
    findings = [
        Finding("relationship.does_not_hold", Severity.INFO, "crm.users.org", "9 of 90 rows have no match")
    ]
    summary = summary_of(USERS, tables={"crm.users": (RELATION, PROFILE)})

    assert pr_body(Review(summary, 4, findings)) == BODY


BODY = """\
## aidbt stages 1 table of `crm`

6 columns: 3 by rule, 1 by history, 1 by a person, 1 in question · 2 tests added · 1,000 rows in the sources \
· one run of all their tests reads about 16 kB · 4 files · **2 open questions**

### Read these

1. **1 column changes its values**; counted when decided: no row loses its value
   - `crm.users`: `created` → `created_at`: text read as `timestamp`
2. **1 key**, unique and filled on every row
3. **1 rule leaves rows out**
   - `crm.users`: only rows that are not deleted, where `not _fivetran_deleted`
4. **1 column seems to hold personal data**
   - `crm.users`: `email` (email)
5. **1 relationship without a test**
   - `crm.users.org`: 9 of 90 rows have no match

### Open questions

- [ ] `crm.users.amount` from `amount`: 3 rows would lose their value by a cast to decimal\\(18, 2\\): \
`aidbt review choose crm.users.amount amount --expression …`
- [ ] `state`: test `accepted_values` with `new`, `old`: \
`aidbt review accept crm.users.state:accepted_values`

<details><summary>Also worth knowing</summary>

- **2 source columns left out** of staging
  - `crm.users`: `_batch`, `fax`

</details>

<details><summary><code>crm</code>: 1 table, 6 columns</summary>

**`crm.users`** (new, 1,000 rows, about 56 kB)

| source | staging | type | why |
|---|---|---|---|
| `id` | `user_id` | `bigint` | key: {entity}\\_id |
| `email` | `email` | `varchar` | kept |
| `created` | `created_at` | `varchar` → `timestamp` | timestamp: {name}\\_at |
| `org` | `organisation` | `varchar` | as in other staging models |
| `nick` | `nickname` | `varchar` | a person: chosen |
| `amount` | `amount` | `varchar` → `decimal(18, 2)` | in question: \
3 rows would lose their value by a cast to decimal\\(18, 2\\) |

Tests: `user_id` not null, `user_id` unique

</details>
"""


def test_what_is_the_same_of_many_tables_is_said_once():
    tables = [replace(USERS, table=f"t{n}") for n in range(5)]
    questions = [
        ("cents, 5 tables", "aidbt review answer cents:crm divide"),
        ("nested", "answer a"),
        ("nested", "answer b"),
    ]

    text = pr_body(Review(summary_of(*tables), 9, questions=questions))

    assert "   - 5 tables (`crm.t0`, `crm.t1`, `crm.t2` and 2 more): `created` → `created_at`: text" in text
    assert "- [ ] cents, 5 tables: `aidbt review answer cents:crm divide`\n" in text
    assert "- [ ] nested: `answer a` and 1 more like it\n" in text
    assert "`aidbt review accept crm.t0.state:accepted_values crm.t1.state:accepted_values " in text


def test_a_name_that_was_taken_is_told():
    twice = replace(USERS, columns=(*USERS.columns, MappedColumn("email_2", ("Email",), source_type="TEXT")))

    [clash] = [r for r in risks(Review(summary_of(twice), 1)) if "got a number" in r.title]

    assert clash.lines == ("`crm.users`: `Email` → `email_2`",)


def test_nothing_new_says_so():
    assert pr_body(Review(Summary(()), 0)).startswith("## aidbt: nothing new to review\n")


def test_a_harmless_change_may_be_skimmed():
    known = replace(USERS, columns=(), tests=(), row_rules=(), unmapped=())
    plain = replace(known, columns=(MappedColumn("email", ("email",), source_type="VARCHAR"),))

    assert "skimming is enough" in pr_body(Review(summary_of(plain, before=(known,)), 1))


def test_a_proposal_with_nothing_found_is_answered_by_choosing():
    column = MappedColumn(
        "e mail", (), status="review", note="no source found", alternatives=(("mail", 0.3),)
    )
    text = pr_body(Review(summary_of(replace(USERS, columns=(column,))), 1))

    assert "`aidbt review choose 'crm.users.e mail' mail`" in text


def test_a_row_rule_that_waits_is_a_question():
    rule = RowRule("latest_row", keys=("id",), order_by="at", status="review")

    assert (
        "- [ ] `crm.users`: keep only the last row of each `id` by `at`?"
        " Set its status in `aidbt/mappings/crm__users.yml` to `accepted` or `rejected`"
    ) in pr_body(Review(summary_of(replace(USERS, row_rules=(rule,))), 1))


def test_a_text_of_many_tables_stays_within_what_github_takes():
    many = [
        Mapping(
            f"source_{n % 20}",
            f"table_{n}",
            tuple(
                MappedColumn(f"c_{i}", (f"c{i}",), status="review", note="why " * 20, source_type="VARCHAR")
                for i in range(30)
            ),
            tests=tuple(
                MappedTest(f"c_{i}", "accepted_values", "review", values=("a" * 50,) * 12) for i in range(5)
            ),
        )
        for n in range(300)
    ]

    text = pr_body(Review(summary_of(*many), 900))

    assert len(text) < 65_000
    assert "tables more: the decisions stand in `aidbt/mappings/`." in text
    assert "`aidbt review` lists all" in text
    assert text.count("<details>") == text.count("</details>")


def test_the_order_of_what_comes_in_makes_no_difference():
    other = replace(USERS, table="visits")
    findings = [Finding("x.y", Severity.WARN, where, "odd") for where in "cab"]

    a = Review(summary_of(USERS, other), 2, findings, ["b", "a"])
    b = Review(summary_of(other, USERS), 2, findings[::-1], ["a", "b"])

    assert pr_body(a) == pr_body(b)


# --- names from outside -------------------------------------------------------------------------------


MARKDOWN = MarkdownIt("commonmark").enable("table")
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
NASTY = st.one_of(
    st.text(min_size=1, max_size=30),
    st.sampled_from(
        ["a|b", "`a`", "``", "<b>x</b>", "</details>", "@admin", "#12", "*x*", "a\nb", "| --- |", "\\", "\\|",
         "https://evil.example", "[x](y)", "a\u202eb", "\x00", "<!-- ", "&amp;", "- [x]", "``` x", "a`|`b"]
    ),
)  # fmt: skip


def shown(text: str) -> str:
    """What a code span shows of a name: spaces folded, as they are everywhere in Markdown."""
    return UNSEEN.sub("\ufffd", " ".join(text.split())) or "(empty)"


def tokens_of(text: str) -> list:
    return [child for token in MARKDOWN.parse(text) for child in (token.children or [token])]


@given(NASTY)
def test_a_name_in_code_is_shown_as_it_is(name: str):
    found = [token for token in tokens_of(f"x {code(name)} y") if token.type == "code_inline"]

    assert [" ".join(token.content.split()) for token in found] == [shown(name)]


@given(NASTY)
def test_a_sentence_is_shown_as_it_is_and_links_nobody(text: str):
    tokens = tokens_of("x " + (prose(text) or "(empty)"))

    assert {token.type for token in tokens} <= {
        "paragraph_open",
        "paragraph_close",
        "text",
        "text_special",
        "inline",
    }
    said = "".join(token.content for token in tokens if token.type in ("text", "text_special"))
    assert html.unescape(said.replace("\u200b", ""))[2:].strip() == html.unescape(shown(text))
    assert "@admin" not in said and "://" not in said and "#12" not in said


@given(NASTY, NASTY, NASTY, NASTY)
def test_whatever_names_there_are_the_table_keeps_its_form(source: str, table: str, column: str, note: str):
    mapping = Mapping(
        source,
        table,
        (
            MappedColumn("plain", (column,), source_type=note),
            MappedColumn(column, ("y",), status="review", note=note),
            MappedColumn("made", (column, "z"), by="person", expression=note),
        ),
        tests=(MappedTest(column, "accepted_values", "review", values=(note,)),),
        row_rules=(RowRule("filter", where=note),),
        unmapped=(column + "x",),
    )
    findings = [Finding("a.b", Severity.ERROR, column, note)]

    text = pr_body(Review(summary_of(mapping), 1, findings, [column]))

    tokens = MARKDOWN.parse(text)
    rows = [token for token in tokens if token.type == "tr_open"]
    cells = [token for token in tokens if token.type in ("td_open", "th_open")]
    assert (len(rows), len(cells)) == (4, 16)
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert all(block.startswith(("<details>", "</details>")) for block in blocks)
    assert sum(block == "</details>" for block in blocks) == len(blocks) / 2
    assert not [
        t for token in tokens for t in token.children or [] if t.type in ("html_inline", "link_open", "image")
    ]
