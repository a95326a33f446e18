-- The members of JSON as rows.

create table raw (id integer, body json);
insert into raw values (1, '{"a": 1, "b": 2}'), (2, '{"a": 5}'), (3, '{"c": 8, "d": 9}');
-- also: raw.body = '{"a": 2, "b": 2}'::json, '{"c": 3}'::json, '{"d": 4, "e": 4}'::json

-- query
select r.id, j.key, j.value from raw as r, json_each(r.body) as j

-- rows
select r.rowid, j.rowid from raw as r, json_each(r.body) as j

-- lineage
-- id <- raw.id
-- key <- raw.body
-- value <- raw.body
-- (rows) <- raw.body
