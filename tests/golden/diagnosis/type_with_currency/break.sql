update crm.orders set amount = 'EUR ' || amount;
