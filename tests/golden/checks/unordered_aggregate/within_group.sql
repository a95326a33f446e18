-- dialect: snowflake
-- ORDERS: ID integer, STATUS varchar
select
    listagg(status, ',') within group (order by id) as statuses,
    array_agg(status) within group (order by id) as listed
from orders
