-- A recursive CTE whose columns go round.
-- key: r, n

create table r3 (r integer, a integer, b integer, c integer);
insert into r3 values (1, 10, 20, 30), (2, 41, 52, 63);

-- query
with recursive t as (select r, a, b, c, 1 as n from r3 union all select r, b, c, a, n + 1 from t where n < 3) select r, n, a, b, c from t

-- lineage
-- r <- r3.r
-- n <-
-- a <- r3.a, r3.b, r3.c
-- b <- r3.a, r3.b, r3.c
-- c <- r3.a, r3.b, r3.c
-- (rows) <-
