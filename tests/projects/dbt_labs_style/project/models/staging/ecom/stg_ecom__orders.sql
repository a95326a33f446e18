with

source as (

    select * from {{ source('ecom', 'orders') }}

),

renamed as (

    select

        ----------  ids
        id as order_id,
        customer as customer_id,
        store as store_id,

        ---------- text
        status as order_status,
        channel,

        ---------- numerics
        {{ cents_to_dollars('subtotal_cents') }} as subtotal,
        {{ cents_to_dollars('tax_cents') }} as tax,
        {{ cents_to_dollars('total_cents') }} as total,

        ---------- booleans
        gift as is_gift,

        ---------- dates
        pickup_day as pickup_date,

        ---------- timestamps
        created as created_at,
        updated as updated_at,
        _airbyte_extracted_at as loaded_at

    from source

)

select * from renamed
