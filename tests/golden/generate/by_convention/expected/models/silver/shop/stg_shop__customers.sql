with source as (

    select
        id,
        "fullName",
        tier,
        active,
        created,
        zip,
        discount,
        "signupDate",
        wants_mail
    from {{ source('shop', 'customers') }}

),

renamed as (

    select
        id as customer_id,
        "fullName" as full_name,
        tier,
        active as is_active,
        created as created_at,
        zip,
        cast(discount as decimal(18, 2)) as discount,
        cast("signupDate" as date) as signup_date,
        cast(wants_mail as boolean) as wants_mail
    from source

)

select * from renamed
