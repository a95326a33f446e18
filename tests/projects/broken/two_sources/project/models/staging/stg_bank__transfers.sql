with transfers as (

    select * from {{ source('bank', 'transfers') }}

),

sales as (

    select * from {{ source('till', 'sales') }}

),

joined as (

    select
        transfers.id as transfer_id,
        transfers.sale_id,
        sales.customer_id,
        transfers.state as transfer_state,
        cast(transfers.amount as decimal(18, 2)) as amount,
        cast(transfers.amount - sales.amount as decimal(18, 2)) as difference,
        transfers.booked as booked_at
    from transfers
    inner join sales on sales.id = transfers.sale_id

)

select * from joined
