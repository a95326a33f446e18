with source as (

    select "at"
    from {{ ref('base_crm__visits') }}

),

renamed as (

    select "at"
    from source

)

select * from renamed
