insert into pos.tickets select 2000 + i, i % 20 + 1, case when i % 3 = 0 then null else i + 5 end, ['cash','card','app'][i % 3 + 1], strftime(timestamp '2026-03-01 06:00:00' - to_minutes(i::int), '%Y-%m-%d %H:%M:%S'), timestamp '2026-03-01 06:00:00' - interval 20 minute from range(40) r(i);
insert into pos.ticket_lines select 2000 + i, 1, 'SKU' || lpad((i + 1)::varchar, 3, '0'), 1, '4.50', '' from range(40) r(i);
insert into loyalty.members select 160 + i, 'n' || i || '@mail.example', 'blue', date '2026-03-01', true, timestamp '2026-03-01 06:00:00', 'en' from range(3) r(i);
drop table if exists analytics.fct_lines;
