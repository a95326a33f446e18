create table crm.orders_backup as select * from crm.orders where id < 600;
alter table crm.orders rename to sales_orders;
