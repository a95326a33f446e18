with source as (

    select
        order_no,
        customer_id,
        amount,
        shipped
    from {{ source('shop', 'orders') }}

),

renamed as (

    select
        order_no,
        customer_id,
        amount,
        shipped as shipped_date
    from source

)

select * from renamed
