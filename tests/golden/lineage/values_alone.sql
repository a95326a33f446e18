-- VALUES as a query.

-- query
values (1, 'a'), (2, 'b')

-- lineage
-- col0 <-
-- col1 <-
-- (rows) <-
