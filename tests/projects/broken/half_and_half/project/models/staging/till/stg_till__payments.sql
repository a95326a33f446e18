with source as (

    select * from {{ source('till', 'payments') }}

),

renamed as (

    select
        id as payment_id,
        parent_id,
        name as payment_name,
        status as payment_status,
        cast(amount as decimal(18, 2)) as amount,
        active as is_active,
        created as created_at
    from source

)

select * from renamed
