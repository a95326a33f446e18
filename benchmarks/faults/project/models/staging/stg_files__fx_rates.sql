with source as (
    select * from {{ source('files', 'fx_rates') }}
)

select
    cast(rate_date as date) as rate_date,
    currency,
    cast(rate as decimal(12, 6)) as rate_to_eur
from source
