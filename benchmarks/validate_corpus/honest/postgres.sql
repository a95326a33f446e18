select generate_series(1, 10) as n

select d::date from generate_series(date '2024-01-01', date '2030-12-31', interval '1 day') as d

select date_trunc('month', ordered_at at time zone 'UTC'), extract(epoch from ordered_at), age(ordered_at) from orders

select to_char(ordered_at, 'YYYY-MM'), to_date('2024', 'YYYY'), make_date(2024, 1, 1) from orders

select payload ->> 'page', payload #>> '{a,b}', jsonb_array_elements(payload -> 'items') from events

select jsonb_build_object('a', 1), json_agg(t), jsonb_path_query_first(t.x, '$.a') from (select '{}'::jsonb as x) as t group by t.x

select e.key, e.value from events, jsonb_each_text(payload) as e

select * from jsonb_to_recordset('[{"a": 1}]') as t (a int, b text)

select a, o from unnest(array['x', 'y']) with ordinality as t (a, o)

select regexp_matches('abc', 'b'), regexp_split_to_table('a b', ' '), substring('abc' from 'b'), split_part('a-b', '-', 1)

select distinct on (customer_id) * from orders order by customer_id, ordered_at desc

select percentile_cont(0.5) within group (order by amount), mode() within group (order by status) from orders

select string_agg(status, ',' order by status), array_agg(distinct status), bool_or(amount > 1) from orders

select count(*) filter (where status = 'placed') over (partition by customer_id) from orders

select coalesce(nullif(trim(both ' ' from email), ''), 'none'), initcap(email), md5(email), encode(sha256('x'), 'hex') from customers

select * from orders o cross join lateral (select * from payments p where p.order_id = o.order_id limit 1) x

select * from orders tablesample bernoulli (10)

with recursive t (n) as (values (1) union all select n + 1 from t where n < 100) select sum(n) from t

select row_to_json(o), o.*::text from orders as o

select to_tsvector('english', email) @@ plainto_tsquery('x') from customers

select width_bucket(amount, 0, 100, 10), greatest(1, 2), gen_random_uuid(), random(), clock_timestamp() from orders

select pg_typeof(1), pg_column_size('x'), quote_ident('x'), format('%s', 'x'), current_user, version()

select table_name, column_name from information_schema.columns

select int4range(1, 10) @> 5, tsrange(now()::timestamp, null), lower(int4range(1, 2)), isempty(int4range(1, 1))

select st_distance(a, b), st_asgeojson(a), st_makepoint(1, 2) from points

select crosstab_column from (select 1 as crosstab_column) as t

select digest('x', 'sha256'), uuid_generate_v4(), similarity('a', 'b'), unaccent('é')
