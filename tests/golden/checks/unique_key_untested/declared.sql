-- events: id integer, at timestamp
-- config: materialized=incremental unique_key=id incremental_strategy=microbatch
-- unique: id
select id, at from events
