"""One column of a source read in another way, in whatever SQL a person wrote."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidbt.core.schema import Column
from aidbt.sql.reads import Edited, Instead, ReadChange, Refused, read_instead


def columns(names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "VARCHAR") for name in names.split())


C = "cast(id as bigint)"
S, T = "{{ source('crm', 'people') }}", "{{ source('crm', 'other') }}"
THEN = columns("id email status updated_at")
RENAMED = ReadChange(
    ("crm", "people"), "email", Instead("{}", ("mail",)), THEN, columns("id mail status updated_at"),
    "duckdb", "people",
    others={("crm", "other"): THEN, ("orders",): columns("email total")},
)  # fmt: skip
BOTH = replace(RENAMED, instead=Instead("coalesce({}, {})", ("mail", "email")), now=(*THEN, Column("mail")))
DEFAULT = replace(RENAMED, instead=Instead("'a' || 'b'", is_atomic=False, is_typed=True), now=columns("id"))
ADDED = replace(RENAMED, column="", instead=None, now=(*THEN, Column("city")))
LISTED = "id, mail as email, status, updated_at"


def edited(text: str, change: ReadChange = RENAMED) -> str:
    found = read_instead(text, change)
    assert isinstance(found, Edited), found
    return found.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # an import CTE, comments, a trailing comma; the last star needs nothing
        (
            f"with s as (select * from {S}),\nr as (\n  select id as p,\n    email, -- the email\n"
            "    lower( email ) as key,\n  from s\n)\nselect * from r",
            f"with s as (select * from {S}),\nr as (\n  select id as p,\n    mail as email, -- the email\n"
            "    lower( mail ) as key,\n  from s\n)\nselect * from r",
        ),
        # capitals, aliases, a text that is called the same
        (
            f"SELECT s.EMAIL, UPPER(s.email) AS big FROM {S} AS s WHERE s.email <> 'email'",
            f"SELECT s.mail AS email, UPPER(s.mail) AS big FROM {S} AS s WHERE s.mail <> 'email'",
        ),
        (f"select people.email from {S}", f"select people.mail as email from {S}"),
        (f'select "email" as e from {S}', f"select mail as e from {S}"),
        (
            f"select email, count(*) as n from {S} group by email order by email",
            f"select mail as email, count(*) as n from {S} group by mail order by email",
        ),
        (
            f"select email from {S} qualify row_number() over (partition by email order by id) = 1",
            f"select mail as email from {S} qualify row_number() over (partition by mail order by id) = 1",
        ),
        (
            f"select p.id, o.total from {S} p left join {{{{ ref('orders') }}}} o on o.email = p.email",
            f"select p.id, o.total from {S} p left join {{{{ ref('orders') }}}} o on o.email = p.mail",
        ),
        (
            "{% set src = source('crm', 'people') %}\nselect email from {{ src }}",
            "{% set src = source('crm', 'people') %}\nselect mail as email from {{ src }}",
        ),
        # what takes it by a star gets the columns listed
        (f"select * from {S}", f"select {LISTED} from {S}"),
        (
            f"with u as (\n  select * from {S}\n  union all\n  select * from {T}\n)\nselect email from u",
            f"with u as (\n  select {LISTED} from {S}\n  union all\n  select * from {T}\n)\n"
            "select email from u",
        ),
        (f"select s.*, 1 as x from {S} s", f"select s.*, 1 as x from (select {LISTED} from {S}) s"),
        (f"select to_json(p) as j from {S} p", f"select to_json(p) as j from (select {LISTED} from {S}) p"),
        # so does what hides it from a parser
        (
            "select {% for c in ['id', 'email'] %}{{ c }},{% endfor %} 1 as one\nfrom " + S,
            "select {% for c in ['id', 'email'] %}{{ c }},{% endfor %} 1 as one\n"
            f"from (select {LISTED} from {S}) as people",
        ),
        (
            f"select id, email from {S}\n{{% if is_incremental() %}} where email > '' {{% endif %}}",
            f"select id, email from (select {LISTED} from {S}) as people\n"
            "{% if is_incremental() %} where email > '' {% endif %}",
        ),
        (
            "{% snapshot s %}{{ config(check_cols=['email']) }}\nselect * from " + S + "{% endsnapshot %}",
            "{% snapshot s %}{{ config(check_cols=['email']) }}\n"
            f"select * from (select {LISTED} from {S}) as people{{% endsnapshot %}}",
        ),
        (
            f"select id, total from {S} p join {{{{ ref('orders') }}}} using (email)",
            f"select id, total from (select {LISTED} from {S}) p join {{{{ ref('orders') }}}} using (email)",
        ),
        # nothing to do
        (f"select id, 'email' as email from {S}", f"select id, 'email' as email from {S}"),
        ("select email from {{ ref('orders') }}", "select email from {{ ref('orders') }}"),
    ],
)  # fmt: skip
def test_every_read_is_replaced_and_every_other_character_stays(before: str, after: str):
    assert edited(before) == after


def test_an_expression_stands_in_for_a_column_wherever_it_is_read():
    text = f"select s.id, s.email, lower(s.email) as key from {S} s where s.email is not null"

    both = "coalesce(s.mail, s.email)"
    assert edited(text, BOTH) == (
        f"select s.id, {both} as email, lower({both}) as key from {S} s where {both} is not null"
    )
    assert "'a' || 'b' as email, lower(('a' || 'b')) as key" in edited(text, DEFAULT)


CAST = replace(RENAMED, column="id", instead=Instead("cast({} as bigint)", ("id",)), now=THEN)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"select id, id + 1 as x from {S}", f"select {C} as id, {C} + 1 as x from {S}"),
        (f"select * from {S}", f"select {C} as id, email, status, updated_at from {S}"),
        (
            f"with u as (\n  select * from {S}\n  union all\n  select * from {T}\n)\nselect id from u",
            f"with u as (\n  select {C} as id, email, status, updated_at from {S}\n  union all\n"
            f"  select * from {T}\n)\nselect id from u",
        ),
        (f"select email from {S}", f"select email from {S}"),
    ],
)
def test_a_column_that_keeps_its_name_is_cast_wherever_it_goes(before: str, after: str):
    assert edited(before, CAST) == after


MACRO = "select\n    id,\n    {{ cents('email') }} as email\nfrom " + S


def test_the_argument_of_a_macro_is_replaced_where_it_is_read_as_a_column():
    made = MACRO.replace("{{ cents('email') }}", "(email / 100)::int").replace(S, "raw.people")

    assert edited(MACRO, replace(RENAMED, compiled=made)) == MACRO.replace("'email'", "'mail'")
    assert "cents('coalesce(mail, email)')" in edited(MACRO, replace(BOTH, compiled=made))
    assert """cents("('a' || 'b')")""" in edited(MACRO, replace(DEFAULT, compiled=made))


@pytest.mark.parametrize("made", ["'email'", "x as email, 1", ""])
def test_the_argument_of_a_macro_stays_where_it_is_more_than_a_column(made: str):
    compiled = MACRO.replace("{{ cents('email') }}", made) if made else ""

    assert edited(MACRO, replace(RENAMED, compiled=compiled)) == MACRO.replace(
        S, f"(select {LISTED} from {S}) as people"
    )


def test_arguments_of_macros_that_stand_side_by_side_are_told_apart():
    text = (
        "select {{ key(['id', 'email']) }} as k, {{ clean('status') }} as s, {{ clean('email') }} as e\nfrom "
        + S
    )
    compiled = (
        "select md5(concat(id, '-', email)) as k, trim(status) as s, coalesce(trim(email), '') as e\nfrom x"
    )

    assert edited(text, replace(RENAMED, compiled=compiled)) == text.replace("'email'", "'mail'")


def test_a_variable_that_becomes_a_read_hides_it():
    text = "select id, {{ var('contact') }} as contact from " + S
    compiled = "select id, email as contact from raw.people"

    assert edited(text, replace(RENAMED, compiled=compiled)) == text.replace(
        S, f"(select {LISTED} from {S}) as people"
    )


def test_a_name_that_needs_quotes_is_quoted_and_the_old_one_stays_as_written():
    camel = replace(RENAMED, instead=Instead("{}", ("eMail",)), now=columns("id eMail status updated_at"))

    assert edited(f"select email from {S}", camel) == f'select "eMail" as email from {S}'


def test_columns_that_came_are_left_out_only_where_a_star_takes_them():
    star = f"select * from {S}"

    assert edited(f"select id from {S}", ADDED) == f"select id from {S}"
    assert edited(star, ADDED) == f"select id, email, status, updated_at from {S}"
    wanted = replace(ADDED, wanted=frozenset({"city"}))
    assert edited(star, wanted) == f"select id, email, status, updated_at, city from {S}"


def test_the_line_ends_of_a_file_stay_and_long_lists_get_a_line_for_each_column():
    wide = replace(RENAMED, then=(*THEN, *columns("a_longer_name another_long_name the_longest_name_of_all")))
    wide = replace(wide, now=(Column("mail"), *wide.then[:1], *wide.then[2:]))

    after = edited(f"with s as (\r\n    select * from {S}\r\n)\r\nselect * from s", wide)

    assert "    select\r\n        id,\r\n        mail as email,\r\n" in after
    assert after.endswith(f"the_longest_name_of_all\r\n    from {S}\r\n)\r\nselect * from s")
    assert after.count("\n") == after.count("\r\n")


def test_two_changes_are_made_one_upon_the_other():
    then = columns("id email status")
    first = replace(RENAMED, then=then, now=columns("id mail state"))
    second = replace(first, column="status", instead=Instead("{}", ("state",)))

    for text in (f"select id, email, status from {S}", f"select * from {S}"):
        assert edited(edited(text, first), second) == f"select id, mail as email, state as status from {S}"


@pytest.mark.parametrize(
    "text",
    [
        "with d as ({{ dedupe(source('crm', 'people'), 'email') }}) select email from d",
        "select {{ dbt_utils.star(source('crm', 'people')) }} from " + S,
        f"select raw.people.email from {S}",
        "{% for x in [1] %}{{ dedupe(relation=source('crm', 'people'), by='email') }}{% endfor %}",
    ],
)
def test_what_a_macro_reads_of_the_source_itself_is_refused(text: str):
    assert isinstance(read_instead(text, RENAMED), Refused)


def test_postgres_minds_the_case_of_quoted_names():
    change = replace(RENAMED, dialect="postgres")

    assert edited(f"select EMAIL from {S}", change) == f"select mail as EMAIL from {S}"
    other = replace(change, column="Email", then=columns("id Email"), now=columns("id mail"))
    assert edited(f'select "Email" from {S}', other) == f'select mail as "Email" from {S}'


@pytest.mark.parametrize(
    "query",
    [
        # a name that becomes a value, or a key of a struct
        f"select * from {S} unpivot (v for k in (email))",
        f"select id, struct_pack(email) as s from {S}",
        # all columns as one value, in their order
        f"select id, md5(concat_ws('|', *columns(*))) as h from {S}",
        f"select id, email.upper() as up from {S}",
        # a condition beside a star
        f"select * from {S} where email is not null",
    ],
)
@pytest.mark.parametrize("change", [RENAMED, BOTH])
def test_what_names_and_orders_of_columns_decide_is_as_before(query: str, change: ReadChange):
    import duckdb

    full = """create table "then" as select range id, 'e' || range email, 's' status, '' updated_at
        from range(9)"""
    moved = 'create table moved as select id, status, updated_at, email as mail from "then"'
    if change is BOTH:
        moved = (
            "create table moved as select * replace (if(id < 5, email, null) as email),"
            ' if(id < 5, null, email) as mail from "then"'
        )
    with duckdb.connect() as database:
        database.execute(full)
        database.execute(moved)
        before = database.execute(query.replace(S, '"then"'))
        wanted = [column[0] for column in before.description or ()], before.fetchall()
        after = database.execute(edited(query, change).replace(S, "moved"))
        assert ([column[0] for column in after.description or ()], after.fetchall()) == wanted
