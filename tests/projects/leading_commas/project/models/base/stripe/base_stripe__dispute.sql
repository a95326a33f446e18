with source as (

    select * from {{ source('stripe', 'dispute') }}

)

select
    id as dispute_id,
    charge_id,
    status as dispute_status,
    amount / 100.0 as dispute_amount,
    is_charge_refundable,
    created as created_at

from source
