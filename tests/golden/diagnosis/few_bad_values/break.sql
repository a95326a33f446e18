update crm.orders set amount = 'n/a' where id in (7, 8);
