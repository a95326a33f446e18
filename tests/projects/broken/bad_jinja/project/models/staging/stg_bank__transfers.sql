select
    id as transfer_id,
    sale_id,
    state as transfer_state,
    cast(amount as decimal(18, 2)) as amount,
    booked as booked_at
from {{ source('bank', 'transfers') }}
