{{ config(materialized='incremental', unique_key='line_key', on_schema_change='fail') }}
select
    l.ticket_id || '-' || l.line_no as line_key,
    l.sku, l.quantity, l.amount, t.sold_at, t.store_id, t.paid_with,
    (l.amount * {{ var('vat_rate') }})::decimal(10, 2) as vat
from {{ ref('stg_pos__ticket_lines') }} l
join {{ ref('stg_pos__tickets') }} t using (ticket_id)
{% if is_incremental() %}where t.synced_at >= (select max(sold_at) from {{ this }}) - interval 3 day{% endif %}
