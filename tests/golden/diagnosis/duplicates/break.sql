insert into crm.orders select * from crm.orders where id < 5;
