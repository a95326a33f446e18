insert into pos.tickets select 2000 + i, i % 20 + 1, case when i % 3 = 0 then null else i + 5 end, ['cash','card','app'][i % 3 + 1], strftime(timestamp '2026-03-01 06:00:00' - to_minutes(i::int), '%Y-%m-%d %H:%M:%S'), timestamp '2026-03-01 06:00:00' - interval 20 minute from range(40) r(i);
insert into pos.ticket_lines select 2000 + i, 1, 'SKU' || lpad((i + 1)::varchar, 3, '0'), 1, '4.50', '' from range(40) r(i);
insert into loyalty.members select 160 + i, 'n' || i || '@mail.example', 'blue', date '2026-03-01', true, timestamp '2026-03-01 06:00:00', 'en' from range(3) r(i);
insert into pos.ticket_lines values (2000, 9, 'SKU001', 0, '1.00', ''), (2001, 9, 'SKU001', -2, '1.00', '');
-- the view that dbt built
create schema if not exists analytics_staging;
create or replace view analytics_staging.stg_pos__ticket_lines as
select ticket_id, line_no, sku, quantity, cast(amount as decimal(10, 2)) as amount from pos.ticket_lines;
