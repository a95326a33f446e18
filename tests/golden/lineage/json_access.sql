-- Parts of JSON.
-- also: raw.body = '{"a": {"b": 2}, "c": "q"}'::json, '{"a": {}, "c": "w"}'::json

create table raw (id integer, body json);
insert into raw values (1, '{"a": {"b": 1}, "c": "x"}'), (2, '{"a": {"b": 5}, "c": "y"}'), (3, '{"a": {"b": 8}, "c": "z"}');

-- query
select id, body ->> '$.c' as c, (body -> 'a' ->> 'b')::int as b, json_extract_string(body, '$.a.b') as b_text from raw

-- lineage
-- id <- raw.id
-- c <- raw.body
-- b <- raw.body
-- b_text <- raw.body
-- (rows) <-
