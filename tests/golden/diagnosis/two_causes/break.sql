alter table crm.customers rename column email to cust_mail;
insert into crm.orders select * from crm.orders where id < 5;
