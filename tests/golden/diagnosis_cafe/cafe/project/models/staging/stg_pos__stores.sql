with

source as (

    select * from {{ source('pos', 'stores') }}

),

renamed as (

    select
        store_id,
        name as store_name,
        upper(country) as country
    from source

)

select * from renamed
