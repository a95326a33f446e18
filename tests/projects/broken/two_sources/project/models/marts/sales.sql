select * from {{ ref('stg_till__sales') }}
