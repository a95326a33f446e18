select dateadd(day, 1, d), datediff(month, d, getdate()), date_trunc('week', d), convert_timezone('UTC', d), last_day(d) from t

select json_extract_path_text(j, 'a'), json_parse(j), is_valid_json(j), json_serialize(s), s.a.b[0] from t

select listagg(a, ',') within group (order by a), approximate count(distinct a), median(a), ratio_to_report(a) over () from t

select nvl(a, b), decode(a, 1, 'x', 'y'), strtol(a, 16), split_part(a, '-', 1), regexp_substr(a, 'x'), sha2(a, 256), fnv_hash(a) from t

select t.id, i.name from t, t.items as i

select * from t qualify row_number() over (partition by a order by b) = 1

select top 10 a from t

select a::super, b::varchar(max), cast(c as decimal(10, 2)) from t
