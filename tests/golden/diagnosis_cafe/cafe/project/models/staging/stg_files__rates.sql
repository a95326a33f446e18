select currency, cast(rate as decimal(10, 4)) as rate from {{ source('files', 'rates') }}
