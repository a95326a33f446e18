-- dialect: postgres
-- orders: code varchar(20), name varchar(10)
select cast(code as varchar(10)) as code, cast(name as varchar(20)) as name
from orders
