alter table crm.customers rename column email to cust_mail;
update crm.orders set amount = 'n/a' where id in (7, 8);
