select explode(items) as item from t

select t.a, e.k, e.v from t lateral view explode(m) e as k, v

select * from t lateral view outer posexplode(xs) p as i, x

select date_format(d, 'yyyy'), date_trunc('month', ts), add_months(d, 1), datediff(d, current_date()), last_day(d) from t

select from_json(j, 'a int'), get_json_object(j, '$.a'), json_tuple(j, 'a', 'b'), to_json(named_struct('a', 1)), j.a from t

select collect_list(a), collect_set(a), percentile_approx(a, 0.5), approx_count_distinct(a), first(a, true), max_by(a, b) from t

select transform(xs, x -> x + 1), filter(xs, x -> x > 1), aggregate(xs, 0, (acc, x) -> acc + x), exists(xs, x -> x > 1) from t

select array_contains(xs, 1), size(xs), element_at(xs, 1), array_distinct(xs), arrays_zip(xs, ys), sequence(1, 5), flatten(zs) from t

select xxhash64(a), md5(a), sha2(a, 256), regexp_extract(a, 'x', 0), split(a, ',')[0], concat_ws(',', xs), nvl(a, b) from t

select monotonically_increasing_id(), uuid(), rand(), spark_partition_id(), try_cast(a as int), try_divide(a, b) from t

select /*+ broadcast(u) */ t.a from t join u on t.a = u.a

select * from t pivot (sum(x) for y in ('a', 'b'))

select * from range(10)

select * from t tablesample (10 percent)

select unix_timestamp(d), from_unixtime(a), to_timestamp(a, 'yyyy'), timestamp_millis(1), make_date(2024, 1, 1), window(ts, '1 hour') from t

select map_from_entries(xs), map_keys(m), transform_values(m, (k, v) -> v + 1), str_to_map(a, ',', ':'), named_struct('a', 1).a from t

select * from db.t version as of 1

select a, count(*) from t group by a with rollup

select a from t cluster by a

select stack(2, 1, 'a', 2, 'b') as (n, c)
