select * from unnest(array[1, 2]) with ordinality as t (v, i)

select t.a, u.k from t cross join unnest(m) as u (k, v)

select date_trunc('month', d), date_add('day', 1, d), date_diff('day', d, current_date), date_format(ts, '%Y'), from_unixtime(a) from t

select json_extract_scalar(j, '$.a'), json_value(j, 'lax $.a'), cast(json_parse(j) as map(varchar, varchar)) from t

select approx_percentile(a, 0.5), approx_distinct(a), max_by(a, b), array_agg(a order by b), map_agg(a, b), listagg(a, ',') within group (order by a) from t

select transform(xs, x -> x + 1), filter(xs, x -> x > 1), reduce(xs, 0, (s, x) -> s + x, s -> s), any_match(xs, x -> x > 1) from t

select try(a / b), try_cast(a as integer), if(a > 1, 1), coalesce(a, b), element_at(m, 'a'), cardinality(xs), contains(xs, 1) from t

select regexp_extract(a, 'x'), split_part(a, '-', 1), url_extract_host(a), to_hex(md5(to_utf8(a))), xxhash64(to_utf8(a)), uuid() from t

select * from unnest(sequence(date '2020-01-01', date '2030-12-31', interval '1' day)) as t (d)

select word_stem('x'), levenshtein_distance('a', 'b'), normalize('x'), bar(0.5, 10), format('%s', 'x'), typeof(1)

select * from t match_recognize (partition by a order by b measures first(b) as f pattern (x y+) define y as b > 1)
