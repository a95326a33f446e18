-- Names in other scripts, unquoted.

create table заказы (номер integer, сумма integer, 顧客 text);
insert into заказы values (1, 10, 'a'), (2, 25, 'b'), (3, 70, 'c');

-- query
select номер, сумма * 2 as вдвое, 顧客 from заказы

-- lineage
-- номер <- заказы.номер
-- вдвое <- заказы.сумма
-- 顧客 <- заказы.顧客
-- (rows) <-
