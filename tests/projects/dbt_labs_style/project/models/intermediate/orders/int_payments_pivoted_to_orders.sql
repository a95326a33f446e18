with

charges as (

    select * from {{ ref('stg_stripe__charges') }}
    where charge_status = 'succeeded'

),

refunds as (

    select
        charge_id,
        sum(amount) as refunded_amount

    from {{ ref('stg_stripe__refunds') }}

    group by 1

),

payments as (

    select
        charges.order_id,
        sum(charges.amount) as paid_amount,
        sum(coalesce(refunds.refunded_amount, 0)) as refunded_amount

    from charges

    left join refunds
        on charges.charge_id = refunds.charge_id

    group by 1

)

select * from payments
