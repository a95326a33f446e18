with sold as (
    select
        product_id,
        product_name,
        count(*) as items_sold,
        rank() over (order by count(*) desc, product_id) as sales_rank
    from {{ ref('order_items') }}
    group by product_id, product_name
)

select * from sold
where sales_rank <= 5
