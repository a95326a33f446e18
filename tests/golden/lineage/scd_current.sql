-- The current state of a change log.

create table log (id integer, op text, ts integer, name text);
insert into log values (1, 'c', 1, 'a'), (1, 'u', 4, 'b'), (2, 'c', 2, 'x'), (2, 'd', 5, 'x'), (3, 'c', 3, 'q');

-- query
select id, name from (select *, row_number() over (partition by id order by ts desc) as rn from log) as t where rn = 1 and op <> 'd'

-- rows
select r from (select rowid as r, op, row_number() over (partition by id order by ts desc) as rn from log) as t where rn = 1 and op <> 'd'

-- lineage
-- id <- log.id
-- name <- log.name
-- (rows) <- log.id, log.op, log.ts
