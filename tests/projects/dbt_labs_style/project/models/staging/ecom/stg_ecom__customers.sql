with

source as (

    select * from {{ source('ecom', 'customers') }}

),

renamed as (

    select

        ----------  ids
        id as customer_id,

        ---------- text
        name as customer_name,
        email,
        phone,
        type as customer_type,

        ---------- booleans
        marketing_opt_in as has_marketing_opt_in,
        blocked as is_blocked,

        ---------- dates
        birthday as birth_date,

        ---------- timestamps
        created as created_at,
        updated as updated_at,
        _airbyte_extracted_at as loaded_at

    from source

)

select * from renamed
