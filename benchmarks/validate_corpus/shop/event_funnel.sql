with steps as (
    select
        customer_id,
        max(case when event_type = 'view' then 1 else 0 end) as has_viewed,
        max(case when event_type = 'click' then 1 else 0 end) as has_clicked,
        max(case when event_type = 'buy' then 1 else 0 end) as has_bought
    from events
    group by customer_id
)
select
    count(*) as customers,
    sum(has_viewed) as viewed,
    sum(has_clicked) as clicked,
    sum(has_bought) as bought,
    round(100.0 * sum(has_bought) / nullif(sum(has_viewed), 0), 1) as conversion_percent
from steps
