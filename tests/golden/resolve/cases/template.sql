-- What dbt has not compiled.
-- dialect: duckdb
select * from {{ ref('orders') }}
