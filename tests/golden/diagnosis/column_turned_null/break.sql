alter table crm.customers add column mail varchar;
update crm.customers set mail = email, email = null, updated_at = timestamp '2026-02-01' where id >= 150;
