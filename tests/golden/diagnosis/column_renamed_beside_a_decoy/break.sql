alter table crm.customers rename column email to address;
alter table crm.customers add column email_2 varchar default 'none@mail.example';
