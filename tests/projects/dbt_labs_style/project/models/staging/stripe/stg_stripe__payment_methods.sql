with

source as (

    select * from {{ source('stripe', 'payment_methods') }}

),

renamed as (

    select

        ----------  ids
        id as payment_method_id,
        customer as customer_id,

        ---------- text
        type as payment_method_type,
        brand,

        ---------- booleans
        "default" as is_default,

        ---------- dates
        expiry_day as expiry_date,

        ---------- timestamps
        created as created_at,
        _airbyte_extracted_at as loaded_at

    from source

)

select * from renamed
