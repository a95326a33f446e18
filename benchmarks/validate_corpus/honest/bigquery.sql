select * except (a) replace (upper(b) as b) from `project.dataset.table`

select * from `project.dataset.events_*` where _table_suffix between '20240101' and '20241231'

select item.name, off from t, unnest(items) as item with offset as off

select array_agg(x ignore nulls order by y limit 1)[offset(0)], array_to_string(a, ','), array_length(a) from t group by a

select struct(1 as a, 'x' as b).a, [struct(1 as a)][safe_offset(0)]

select date_trunc(d, month), date_add(d, interval 1 day), date_diff(d, current_date(), week(monday)), parse_date('%Y', x) from t

select timestamp_trunc(ts, hour), format_timestamp('%F', ts), timestamp_micros(1), unix_seconds(ts), datetime(ts, 'Europe/Berlin') from t

select safe_cast(a as int64), safe_divide(a, b), ieee_divide(a, b), safe.substr(a, 1), if(a > 1, 1, 0), ifnull(a, 0) from t

select json_value(j, '$.a'), json_query(j, '$.b'), json_extract_scalar(j, '$.c'), to_json_string(t), j.a.b from t

select approx_quantiles(a, 100)[offset(50)], approx_count_distinct(a), approx_top_count(a, 3), countif(a > 1), logical_or(b) from t

select hll_count.merge(s), hll_count.init(a), net.host(u), net.reg_domain(u), farm_fingerprint(a), to_hex(md5(a)), generate_uuid() from t

select * from unnest(generate_date_array('2020-01-01', '2030-12-31', interval 1 day)) as d

select * from unnest(generate_array(1, 1000)) as n

select * from t qualify row_number() over (partition by a order by b) = 1

select * from t pivot (sum(x) for y in ('a', 'b'))

select regexp_extract(a, r'(\d+)'), regexp_contains(a, r'x'), split(a, ',')[safe_ordinal(1)], normalize(a), starts_with(a, 'x') from t

select st_geogpoint(1, 2), st_distance(a, b), st_dwithin(a, b, 10), st_geohash(a), s2_cellidfrompoint(a) from t

select table_name from dataset.INFORMATION_SCHEMA.TABLES

select session_user(), current_timestamp(), rand(), bit_count(5), range_bucket(1, [0, 5])

with recursive n as (select 1 as i union all select i + 1 from n where i < 10) select * from n

select percentile_cont(a, 0.5) over (), last_value(a ignore nulls) over (order by b rows between unbounded preceding and current row) from t

from t |> where a > 1 |> select a, b |> order by a

select corr(a, b), stddev(a), string_agg(distinct a, ','), any_value(a having max b), max_by(a, b) from t
