-- events: id integer, at timestamp
-- config: materialized=incremental unique_key=id incremental_strategy=microbatch
select id, at from events
