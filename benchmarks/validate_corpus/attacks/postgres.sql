select pg_read_file('/etc/passwd')

select pg_catalog.pg_read_file('/etc/passwd')

select "pg_read_file"('/etc/passwd')

select pg_read_binary_file('/etc/passwd')

select pg_ls_dir('/')

select * from pg_ls_waldir()

select (pg_stat_file('/etc/passwd')).size

select lo_import('/etc/passwd')

select lo_export(1, '/tmp/x')

select lo_get(1)

select * from dblink('host=x', 'select 1') as t (a int)

select dblink_exec('x', 'drop table t')

select pg_sleep(3600)

select pg_sleep_for('1 hour')

select current_setting('data_directory')

select set_config('role', 'postgres', false)

select query_to_xml('drop table t', true, true, '')

select table_to_xml('pg_authid', true, false, '')

select * from ts_stat('select 1')

select * from crosstab('select 1') as t (a int)

select pg_terminate_backend(1)

select pg_cancel_backend(1)

select pg_reload_conf()

select pg_advisory_lock(1)

select pg_notify('a', 'b')

select nextval('s')

select setval('s', 1)

select txid_current()

select inet_server_addr()

select * from pg_hba_file_rules()

select * from rows from (generate_series(1, 2), pg_ls_dir('/')) as t (a, b)

copy orders to program 'cat'

copy orders from '/etc/passwd'

do $$ begin perform 1; end $$

with d as (delete from orders returning *) select * from d

with u as (update orders set amount = 0 returning *) select * from u

with i as (insert into orders default values returning *) select count(*) from i

select * into copied from orders

select * from orders for update

select * from orders for no key update skip locked

select 1; commit; drop table orders

begin; drop table orders; commit

listen x

notify x

lock table orders

create function f() returns int language sql as 'select 1'

grant all on orders to public

refresh materialized view v

vacuum full

set role postgres

reset all

discard all

prepare p as select 1

execute p

declare c cursor for select 1

explain analyze delete from orders

call p()

security label on table t is 'x'

with recursive n as (select 1 as i union all select i + 1 from n) select max(i) from n

select count(*) from generate_series(1, 100000000000)

select repeat('x', 1000000000)

select E'\'', pg_sleep(1) --'

select 'a\', pg_read_file('x') --'

select $a$ ' $a$, pg_sleep(1)

select U&"\0070g_read_file"('/etc/passwd')

select array(select pg_read_file('x'))
