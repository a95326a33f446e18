-- events: id integer, at timestamp
-- config: materialized=incremental incremental_strategy=microbatch
select id, at from events
