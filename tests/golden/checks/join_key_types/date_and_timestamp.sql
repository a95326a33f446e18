-- orders: id integer, ordered_at timestamp
-- days: day date, is_holiday boolean
select o.id, d.is_holiday
from orders as o
left join days as d on d.day = o.ordered_at
