-- A join more, on no key: rows may come several times.

-- before
select id, amount from orders

-- after
select o.id, o.amount, i.product from orders as o left join items as i on i.order_id = o.id

-- verdict
added: product
other rows: what it reads, a join
another grain
