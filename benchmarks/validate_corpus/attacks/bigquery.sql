select * from external_query('connection', 'select 1')

select * from ml.predict(model m, (select 1 as x))

select * from ml.generate_text(model m, table t, struct(1 as x))

select ai.generate('prompt')

select * from ai.forecast(table t, data_col => 'x', timestamp_col => 'y')

select keys.new_keyset('AEAD_AES_GCM_256')

select my_remote_function(1)

export data options (uri = 'gs://x/*', format = 'csv') as select 1

load data into t from files (format = 'csv', uris = ['gs://x'])

call dataset.proc()

execute immediate 'drop table t'

declare x int64

create temp function f() as (1); select f()

begin transaction

assert true

merge t using s on t.a = s.a when matched then delete

truncate table t

select * from unnest(generate_array(1, 100000000000))
