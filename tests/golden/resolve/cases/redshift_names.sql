-- Redshift lowers names, in quotes too.
-- dialect: redshift
-- relation: public.orders (id integer, amount numeric(10,2))
select "ID", Amount as total, total * 2 as twice from Public.Orders
