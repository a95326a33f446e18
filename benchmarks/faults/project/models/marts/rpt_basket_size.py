def model(dbt, session):
    """How many orders there are of each number of items."""
    dbt.config(materialized="table")
    orders = dbt.ref("fct_orders")
    return orders.aggregate("item_count, count(*) as order_count", "item_count")
