with source as (

    select * from {{ source('till', 'refunds') }}

),

renamed as (

    select
        id as refund_id,
        parent_id,
        name as refund_name,
        status as refund_status,
        cast(amount as decimal(18, 2)) as amount,
        active as is_active,
        created as created_at
    from source

)

select * from renamed
