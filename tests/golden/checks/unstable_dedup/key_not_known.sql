-- events: id integer, user_id integer, at timestamp
select id, user_id
from events
qualify row_number() over (partition by id order by at desc) = 1
