insert into crm.orders select 5000 + i, 900 + i, '1.00', 'new', timestamp '2026-03-01' from range(3) t(i);
