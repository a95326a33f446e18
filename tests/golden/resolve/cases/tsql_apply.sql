-- CROSS APPLY, TOP and brackets.
-- dialect: tsql
-- relation: dbo.orders (id int, amount decimal(10,2))
select top 3 o.[id], x.twice, total = o.amount
from [dbo].[orders] as o cross apply (select o.amount * 2 as twice) as x
order by o.amount desc
