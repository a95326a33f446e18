with source as (

    select
        cust_no,
        nm,
        eml,
        dob
    from {{ source('crm', 'cust') }}
    where _aidbt_batch_id = (
        select max(loads.batch_id)
        from {{ source('crm', '_aidbt_loads') }} as loads
        where loads.table_name = 'cust'
    )

),

renamed as (

    select
        cust_no as customer_number,
        nm as customer_name,
        eml as email,
        cast(dob as date) as birth_date
    from source

)

select * from renamed
