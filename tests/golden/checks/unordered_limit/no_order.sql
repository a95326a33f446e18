-- orders: id integer, day date
with recent as (
    select id
    from orders
    limit 100
)
select id from recent
