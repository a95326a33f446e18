select
    customers.region,
    tickets.priority,
    count(*) as ticket_count,
    count(tickets.closed_at) as closed_count,
    avg(tickets.hours_open) as mean_hours_open
from {{ ref('int_ticket_times') }} as tickets
inner join {{ ref('dim_customers') }} as customers on tickets.customer_id = customers.customer_id
group by customers.region, tickets.priority
