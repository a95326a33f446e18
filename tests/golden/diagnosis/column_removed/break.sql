alter table crm.customers drop column country;
