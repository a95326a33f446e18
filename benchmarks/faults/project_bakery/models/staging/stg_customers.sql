with

source as (

    select * from {{ source('ecom', 'raw_customers') }}

),

renamed as (

    select

        ----------  ids
        id as customer_id,

        ---------- text
        name as customer_name,
        email as customer_email,
        loyalty_tier,

        ---------- dates
        cast(joined as date) as joined_on

    from source

)

select * from renamed
