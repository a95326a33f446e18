from orders select order_id, amount where amount > 0

select columns('.*_id') from orders

select * exclude (email) replace (upper(country) as country) from customers

select c.* rename (email as mail) from customers as c

select {'a': 1, 'b': 'x'} as s, [1, 2, 3] as l, map {'k': 1} as m

select list_transform([1, 2, 3], lambda x : x * 2) as doubled, list_filter([1, 2], lambda x : x > 1) as some_of

select list_reduce([1, 2, 3], lambda a, b : a + b), list_sort([3, 1]), array_agg(amount order by order_id) from orders

select hash(email), md5(email), sha256(email), strip_accents(first_name), jaro_winkler_similarity('a', 'b') from customers

select regexp_extract(email, '@(.*)$', 1), regexp_replace(email, 'a', 'b', 'g'), string_split(email, '@')[1] from customers

select try_cast(status as integer), status::varchar, cast(amount as double) from orders

select strftime(ordered_at, '%Y'), epoch(ordered_at), date_part('dow', ordered_at), last_day(ordered_at) from orders

select max_by(status, ordered_at), arg_min(amount, ordered_at), mode(status), approx_count_distinct(customer_id) from orders

select histogram(amount), quantile_cont(amount, [0.1, 0.5]), stddev(amount), kurtosis(amount), entropy(status) from orders

select * from orders asof join payments on orders.order_id = payments.order_id and orders.ordered_at >= payments.paid_at

select * from orders semi join customers using (customer_id)

select * from orders anti join customers using (customer_id)

select * from orders positional join payments

unpivot (select order_id, amount, store_id from orders) on amount, store_id into name measure value measured

pivot orders on status using sum(amount) group by customer_id

select * from (summarize orders)

select * from orders using sample 10 percent

select * from orders tablesample reservoir(20 rows)

select unnest([1, 2, 3]) as i, generate_subscripts([1, 2], 1) as j

select * from generate_series(timestamp '2024-01-01', timestamp '2025-01-01', interval 1 hour)

select * from range(1000000) as r (i)

select i from range(10) as a (i), range(10) as b (j)

select json_extract_string(payload, '$.page'), payload -> '$.page', json_keys(payload) from events

select * from json_each('{"a": 1}')

select distinct on (customer_id) customer_id, ordered_at from orders order by customer_id, ordered_at desc

select count(*) filter (where amount > 1), sum(amount) filter (amount > 1) from orders

select cume_dist() over w, percent_rank() over w, nth_value(amount, 2) over w from orders window w as (order by amount)

select a.order_id from orders as a natural join payments as b

with recursive t as (select 1 as n union all select n + 1 from t where n < 100) select sum(n) from t

with recursive tree as (select 1 as id, 0 as depth union all select o.order_id, depth + 1 from tree join orders as o on o.customer_id = tree.id where depth < 3) select * from tree

with a as materialized (select 1 as x) select * from a

select * from (values (1, 'a'), (2, 'b')) as v (id, name)

values (1), (2)

select current_date, current_timestamp, now(), today(), current_user, uuid(), random()

select printf('%d', 1), format('{}', 'x'), concat_ws('-', 'a', 'b'), repeat('ab', 3), lpad('x', 10, '0')

select table_name from information_schema.tables

select case when amount > 10 then 'high' end as level, iff from (select amount, 1 as iff from orders)

select "order id" from (select order_id as "order id" from orders)

select alias_one + 1 as alias_two, 1 as alias_one from (select 1 as alias_one)

select date_trunc('month', d) as m from (select date '2024-01-31' as d) group by all order by all

select epoch_ms(1700000000000), make_date(2024, 1, 1), to_timestamp(0), datediff('day', date '2024-01-01', date '2024-02-01')

select bit_count(5), 7 // 2, 2 ** 10, 5 & 3, xor(5, 3), factorial(5)

select row_number() over () as n, * from orders limit 10 offset 5

(select 1 as a union select 2) except select 3

select 'drop table orders; --' as harmless, 'select getenv()' as also_harmless -- copy x to y

select replace("set", 'a', 'b') as "update", "delete" from (select 'x' as "set", 1 as "delete")
