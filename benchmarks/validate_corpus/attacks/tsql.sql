select * from openrowset('a', 'b', 'c')

select * from openquery(server, 'select 1')

select * from opendatasource('a', 'b').db.dbo.t

exec xp_cmdshell 'dir'

execute ('drop table t')

select * into u from t

select next value for s

waitfor delay '01:00'

bulk insert t from 'x'
