{{
    config(
        materialized='incremental',
        unique_key='sold_on',
        on_schema_change='append_new_columns'
    )
}}

with orders as (
    select * from {{ ref('orders') }}
    {% if is_incremental() %}
    -- the newest day may have been incomplete
    where ordered_at::date >= (select max(sold_on) from {{ this }})
    {% endif %}
)

select
    ordered_at::date as sold_on,
    count(*) as order_count,
    sum(order_total) as revenue
from orders
group by 1
