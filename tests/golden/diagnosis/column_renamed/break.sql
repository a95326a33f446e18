alter table crm.customers rename column email to cust_mail;
