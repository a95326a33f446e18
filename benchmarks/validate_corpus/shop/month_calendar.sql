with recursive months (month_start) as (
    select date '2024-01-01'
    union all
    select cast(month_start + interval 1 month as date) from months where month_start < date '2024-12-01'
)
select month_start, strftime(month_start, '%Y-%m') as label from months
