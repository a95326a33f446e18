-- events: id integer, at timestamp
-- config: materialized=incremental
select id, at from events
