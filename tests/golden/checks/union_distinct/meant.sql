-- web: id integer, email varchar
-- shop: id integer, email varchar
select email from web
union
select email from shop
