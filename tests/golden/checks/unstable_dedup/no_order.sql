-- events: id integer, user_id integer, at timestamp
select *
from (
    select id, user_id, row_number() over (partition by user_id) as n
    from events
)
where n = 1
