select v.value:name::string, v.index from events, lateral flatten(input => payload:items) as v

select parse_json('{}'):a.b[0]::int, try_parse_json('x'), object_construct('a', 1), array_construct(1, 2)

select object_agg(a, b), array_agg(a) within group (order by b), listagg(a, ',') within group (order by a) from t

select iff(a > 1, 'x', 'y'), zeroifnull(a), nvl2(a, 1, 0), div0(a, b), ifnull(a, 0), decode(a, 1, 'x') from t

select date_trunc('month', d), dateadd(day, 1, d), datediff('day', d, current_date), last_day(d), dayname(d) from t

select to_timestamp_ntz(d), to_varchar(d, 'YYYY'), convert_timezone('UTC', d), time_slice(d, 1, 'HOUR'), try_to_number(x) from t

select seq4(), uniform(1, 10, random()), dateadd(day, row_number() over (order by 1), current_date) from table(generator(rowcount => 1000))

select * from t qualify row_number() over (partition by a order by b desc) = 1

select * from t pivot (sum(amount) for status in ('a', 'b')) as p

select * from t unpivot (v for n in (a, b))

select * from table(split_to_table('a,b', ','))

select * from t at (offset => -3600)

select * exclude (a) rename (b as c) from t

select hash(a, b), md5(a), sha2(a, 256), regexp_substr(a, 'x'), split_part(a, '-', 1), ilike(a, 'x') from t

select approx_percentile(a, 0.5), median(a), ratio_to_report(a) over (), conditional_true_event(a > 1) over (order by b) from t

select conditional_change_event(a) over (order by b), booland_agg(a > 1), hll(a), bitand(1, 2) from t

select t.$1, t.$2 from values (1, 'a'), (2, 'b') as t

select * from t match_recognize (partition by a order by b measures first(b) as f one row per match pattern (x y+) define y as b > 1)

select as_integer(v), is_null_value(v), typeof(v), get_path(v, 'a'), strip_null_value(v), object_keys(v), object_pick(v, 'a') from t

select h3_latlng_to_cell(1, 2, 8), st_makepoint(1, 2), st_distance(a, b), haversine(1, 2, 3, 4) from t

select table_name from information_schema.tables
