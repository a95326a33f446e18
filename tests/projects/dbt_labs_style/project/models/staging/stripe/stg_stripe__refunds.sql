with

source as (

    select * from {{ source('stripe', 'refunds') }}

),

renamed as (

    select

        ----------  ids
        id as refund_id,
        charge as charge_id,

        ---------- text
        reason,

        ---------- numerics
        {{ cents_to_dollars('amount_cents') }} as amount,

        ---------- timestamps
        created as created_at,
        _airbyte_extracted_at as loaded_at

    from source

)

select * from renamed
