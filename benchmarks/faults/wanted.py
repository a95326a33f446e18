"""Changes that people wanted, each of which comes in the same commit as some fault. A mend keeps them."""

from __future__ import annotations

from benchmarks.faults.fault import Edit

WANTED: dict[str, tuple[Edit, ...]] = {
    # A new measure in an incremental model.
    "net_amount": (
        Edit(
            "models/marts/fct_orders.sql",
            "    order_total,\n",
            "    order_total,\n    cast(gross_amount - discount_amount as decimal(12, 2)) as net_amount,\n",
        ),
    ),
    # A new model, and a column more in the model that it reads.
    "weekday": (
        Edit(
            "models/marts/fct_daily_revenue.sql",
            "    count(*) as order_count,\n",
            "    dayofweek(ordered_date) as weekday,\n    count(*) as order_count,\n",
        ),
        Edit(
            "models/marts/rpt_weekdays.sql",
            None,
            "select weekday, sum(order_count) as order_count, sum(revenue) as revenue\n"
            "from {{ ref('fct_daily_revenue') }}\ngroup by weekday\n",
        ),
    ),
    # Another rule in staging, which changes values far away.
    "country_names": (
        Edit(
            "models/staging/stg_crm__accounts.sql",
            "    segment,\n",
            "    upper(segment) as segment,\n",
        ),
        Edit("seeds/return_reasons.csv", "Arrived late", "Came too late"),
    ),
    # The bakery's: a measure more in a model that nothing fails in, with a model that reads it.
    "price_band": (
        Edit(
            "models/marts/supplies.sql",
            "    product_price\n",
            "    product_price,\n    case when product_price < 7 then 'low' else 'high' end as price_band\n",
        ),
        Edit(
            "models/marts/price_bands.sql",
            None,
            "select price_band, count(*) as supply_count\nfrom {{ ref('supplies') }}\ngroup by price_band\n",
        ),
    ),
    # Another rule in staging, which changes values in a mart.
    "first_names": (
        Edit(
            "models/staging/stg_customers.sql",
            "        email as customer_email,\n",
            "        email as customer_email,\n        split_part(name, ' ', 1) as first_name,\n",
        ),
    ),
}
