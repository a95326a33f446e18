-- events: id integer, user_id integer, at timestamp
select id, user_id
from events
qualify row_number() over (partition by user_id order by user_id) = 1
