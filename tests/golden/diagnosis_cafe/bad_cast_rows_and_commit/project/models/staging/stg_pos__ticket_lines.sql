select
    ticket_id,
    line_no,
    sku,
    quantity,
    note,
    cast(amount as decimal(10, 2)) as amount
from {{ source('pos', 'ticket_lines') }}
