-- Line breaks, comments, case of keywords, brackets, quotes.

-- before
select id, amount * 2 as twice from orders where (status = 'paid')

-- after
SELECT
    "id",  -- the key
    (amount) * 2 AS twice
FROM orders
WHERE status = 'paid'

-- verdict
nothing changes
