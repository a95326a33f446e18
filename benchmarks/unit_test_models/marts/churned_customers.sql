select customer_id from {{ ref('stg_orders') }} where ordered_on < '2024-01-01'
except
select customer_id from {{ ref('stg_orders') }} where ordered_on >= '2024-01-01'
