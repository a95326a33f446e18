select i.*, p.cnt from {{ ref('stg_pos__items') }} i
left join (select sku, count(*) as cnt from {{ ref('stg_pos__ticket_lines') }} group by sku) p using (sku)
