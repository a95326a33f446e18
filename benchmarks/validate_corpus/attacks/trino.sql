select * from table(system.query(query => 'drop table t'))

select * from table(pg.system.query(query => 'select 1'))

call system.runtime.kill_query('x')

with function f() returns integer return 1 select f()

prepare p from select 1

execute p

set session x = 1

insert into t select 1

select * from unnest(sequence(1, 100000000000))
