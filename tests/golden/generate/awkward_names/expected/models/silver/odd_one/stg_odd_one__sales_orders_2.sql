with source as (

    select "Id"
    from {{ source('Odd One', 'sales_orders_2') }}

),

renamed as (

    select "Id" as sales_order_id
    from source

)

select * from renamed
