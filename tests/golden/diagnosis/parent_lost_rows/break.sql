delete from crm.customers where id >= 120;
