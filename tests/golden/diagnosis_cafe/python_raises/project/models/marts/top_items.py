def model(dbt, session):
    dbt.config(materialized='table')
    x = {}['nope']
    lines = dbt.ref('fct_lines')
    return lines.aggregate('sku, sum(amount) as amount', 'sku')
