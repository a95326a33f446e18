select customer_id, ordered_at as active_at, 'order' as activity from orders
union all
select customer_id, occurred_at, event_type from events
union all
select customer_id, created_at, 'signup' from customers
