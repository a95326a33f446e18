select * from 'people.csv'

select * from "people.parquet"

from 's3://bucket/people.parquet'

from 'data/*.json' as t

select * from read_csv('/etc/passwd')

select * from read_csv_auto('/etc/passwd')

select * from read_parquet(['a.parquet', 'b.parquet'])

select * from parquet_scan('a.parquet')

select * from read_json('/etc/hosts')

select content from read_text('/etc/passwd')

select * from read_blob('/etc/shadow')

select * from "read_text"('/etc/passwd')

select * from main.read_csv('x')

select 'x.csv'.read_text()

with a as (select * from read_text('/etc/passwd')) select * from a

with "x.csv" as (select * from "x.csv") select * from "x.csv"

select (select count(*) from glob('/home/*')) as n

select getenv('HOME')

select "getenv"('HOME')

select system.main.getenv('HOME')

select 'HOME'.getenv()

select list_transform(['HOME'], x -> getenv(x))

select * replace (getenv('HOME') as a) from (select 1 as a)

select sum(1) over (order by getenv('HOME'))

select 1 limit (select count(*) from read_text('/etc/passwd'))

select * from query('drop table orders')

select * from query_table('orders')

select * from json_execute_serialized_sql(json_serialize_sql('select 1'))

select * from sniff_csv('/etc/passwd')

select * from duckdb_secrets()

select * from duckdb_settings()

select which_secret('s3://x', 's3')

select current_setting('secret_directory')

select * from pragma_database_list()

select * from sqlite_scan('x.db', 't')

select * from postgres_scan('host=x', 'public', 't')

select * from postgres_query('db', 'select 1')

select * from mysql_query('db', 'select 1')

select * from iceberg_scan('s3://x')

select * from delta_scan('s3://x')

select http_get('http://example.com')

select * from st_read('x.shp')

select nextval('numbers')

select write_log('x')

select pg_sleep(3600)

select unheard_of_function(1)

drop table orders

delete from orders

update orders set amount = 0

insert into orders select * from orders

create table copied as select * from orders

create or replace view v as select 1

copy orders to '/tmp/orders.csv'

copy (select * from orders) to 'orders.parquet'

attach '/tmp/other.duckdb' as other

detach other

install httpfs

load httpfs

force install spatial

pragma database_list

set memory_limit = '100GB'

reset threads

call pragma_version()

export database 'x'

import database 'x'

checkpoint

vacuum

use other

begin

select 1; drop table orders

select 1;; delete from orders

select * into copied from orders

with gone as (delete from orders returning *) select * from gone

with added as (insert into orders values (1) returning *) select * from added

select * from orders for update

explain analyze delete from orders

prepare p as select 1

truncate orders

alter table orders drop column amount

comment on table orders is 'x'

select * from range(100000000000)

select count(*) from generate_series(1, 1e15)

select count(*) from range(1000000) as a, range(1000000) as b

select repeat('x', 4000000000)

select lpad('x', 2000000000, 'y')

with recursive n as (select 1 as i union all select i + 1 from n) select * from n

with recursive n (i) as (select 1 union all select i + 1 from n where true) select max(i) from n

from (summarize 'people.csv')

from (describe 'people.csv')

pivot 'people.csv' on a using sum(b)

select * from orders where order_id in (from 'people.csv')

select * from orders asof join read_text('x') as b on amount >= b.size

select columns(c -> c like getenv('HOME')) from orders

from orders select home: getenv('HOME')

from orders |> extend getenv('HOME')

select $$ ' $$, getenv('HOME') --'

-- engine

with recursive n as (select 1 as i union all select i + 1 from n where i > 0) select max(i) from n

select count(*) from orders as a, orders as b, orders as c, orders as d

select sum(length(repeat('x', (order_id * 100000)::integer))) from orders

select list_sum(range((select max(order_id) * 100000000::bigint from orders)))

select count(*) from (select unnest(range(order_id * 10000000::bigint)) from orders)

select string_agg(repeat('x', 1000000), '') from orders as a, orders as b
