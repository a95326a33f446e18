with

source as (

    select * from {{ source('ecom', 'stores') }}

),

renamed as (

    select

        ----------  ids
        id as store_id,

        ---------- text
        name as store_name,
        type as store_type,

        ---------- numerics
        tax_rate,

        ---------- booleans
        open as is_open,

        ---------- dates
        opening_day as opening_date,

        ---------- timestamps
        created as created_at,
        _airbyte_extracted_at as loaded_at

    from source

)

select * from renamed
