delete from crm.orders;
