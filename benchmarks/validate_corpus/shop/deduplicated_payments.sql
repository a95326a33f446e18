with ranked as (
    select
        *,
        row_number() over (partition by order_id order by paid_at desc, payment_id desc) as payment_rank
    from payments
)
select * exclude (payment_rank) from ranked where payment_rank = 1
