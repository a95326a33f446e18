-- A function over unpacked columns.

insert into months values ('up', null, 5, 6);

-- query
select region, coalesce(*columns('^(jan|feb)$')) as first, greatest(*columns(lambda c: c in ('feb', 'mar'))) as top from months

-- lineage
-- region <- months.region
-- first <- months.feb, months.jan
-- top <- months.feb, months.mar
-- (rows) <-
