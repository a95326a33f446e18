with source as (

    select
        "at",
        page
    from {{ ref('base_crm__visits') }}

),

renamed as (

    select
        "at",
        page
    from source

)

select * from renamed
