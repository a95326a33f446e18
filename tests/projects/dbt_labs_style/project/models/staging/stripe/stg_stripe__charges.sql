with

source as (

    select * from {{ source('stripe', 'charges') }}

),

renamed as (

    select

        ----------  ids
        id as charge_id,
        payment_method as payment_method_id,
        "order" as order_id,

        ---------- text
        status as charge_status,
        currency,
        failure_code,

        ---------- numerics
        {{ cents_to_dollars('amount_cents') }} as amount,

        ---------- booleans
        paid as is_paid,
        refunded as is_refunded,

        ---------- timestamps
        created as created_at,
        _airbyte_extracted_at as loaded_at

    from source

)

select * from renamed
