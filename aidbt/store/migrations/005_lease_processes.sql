alter table leases add column process text
