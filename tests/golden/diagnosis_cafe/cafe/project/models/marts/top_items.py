def model(dbt, session):
    dbt.config(materialized='table')
    lines = dbt.ref('fct_lines')
    return lines.aggregate('sku, sum(amount) as amount', 'sku')
