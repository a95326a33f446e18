with source as (

    select * from {{ source('till', 'customers') }}

),

renamed as (

    select
        id as customer_id,
        parent_id,
        name as customer_name,
        status as customer_status,
        cast(amount as decimal(18, 2)) as amount,
        active as is_active,
        created as created_at
    from source

)

select * from renamed
