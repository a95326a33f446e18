with source as (

    select * from {{ source('till', 'tills') }}

),

renamed as (

    select
        id as till_id,
        parent_id,
        name as till_name,
        status as till_status,
        cast(amount as decimal(18, 2)) as amount,
        active as is_active,
        created as created_at
    from source

)

select * from renamed
