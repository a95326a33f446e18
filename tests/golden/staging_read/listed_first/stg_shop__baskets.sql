with source as (
    select
        basket_no,
        opened,
        total_ct,
        _loaded_at
    from {{ source('shop', 'baskets') }}
    qualify row_number() over (partition by basket_no order by _loaded_at desc) = 1
),

renamed as (
    select
        basket_no as basket_id,
        cast(opened as date) as opened_date,
        total_ct / 100.0 as total,
        _loaded_at
    from source
)

select * from renamed
