select * from @stage/people.csv

select $1, $2 from @~/people.csv (file_format => f)

select * from '@stage'

select * from directory(@stage)

select get_presigned_url(@stage, 'x')

select build_scoped_file_url(@stage, 'x')

select * from table(infer_schema(location => '@stage', file_format => 'f'))

select * from table(result_scan(last_query_id()))

select * from identifier('orders')

select system$cancel_all_queries(1)

select system$wait(60)

select ai_complete('model', 'prompt')

select snowflake.cortex.complete('model', 'prompt')

select ai_classify('text', ['a', 'b'])

select my_external_function(1)

call proc()

execute immediate 'drop table orders'

copy into orders from @stage

copy into @stage from orders

put file:///etc/passwd @stage

get @stage file:///tmp

remove @stage

list @stage

create task t as select 1

undrop table orders

use role accountadmin

alter session set query_tag = 'x'

unset x

show tables

select * from table(generator(rowcount => 1000000000000))

select * from table('secret.t')

select * from table($name)
