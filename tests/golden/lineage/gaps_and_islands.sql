-- Sessions by the gap before.
-- key: id

-- query
with marked as (
    select id, user_id, seen_at, case when seen_at - lag(seen_at) over (partition by user_id order by seen_at) > interval 1 hour then 1 else 0 end as is_new
    from events
)
select id, sum(is_new) over (partition by user_id order by seen_at) as session from marked

-- lineage
-- id <- events.id
-- session <- events.seen_at, events.user_id
-- (rows) <-
