insert into crm.orders select 5000 + i, i, '1.00', 'new', timestamp '2026-03-01' from range(30) t(i);
