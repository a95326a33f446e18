update crm.customers set country = 'xx' where id % 3 = 0;
