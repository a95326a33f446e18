with source as (

    select * from {{ source('till', 'products') }}

),

renamed as (

    select
        id as product_id,
        parent_id,
        name as product_name,
        status as product_status,
        cast(amount as decimal(18, 2)) as amount,
        active as is_active,
        created as created_at
    from source

)

select * from renamed
