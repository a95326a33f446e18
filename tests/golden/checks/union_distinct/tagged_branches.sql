-- web: id integer, amount decimal(10,2)
-- shop: id integer, amount decimal(10,2)
select id, 'web' as channel, amount from web
union
select id, 'shop' as channel, amount from shop
