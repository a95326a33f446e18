select * from csv.`/etc/passwd`

select * from text.`s3://bucket/x`

select * from parquet.`x.parquet`

select java_method('java.lang.System', 'exit', 1)

select reflect('java.util.UUID', 'randomUUID')

select try_reflect('java.util.UUID', 'randomUUID')

select transform(a) using 'cat' as (b) from t

select * from read_files('s3://x')

select secret('scope', 'key')

select ai_query('endpoint', a) from t

select * from range(1000000000000)

add jar x

cache table t

refresh table t

msck repair table t

insert overwrite directory 'x' select 1

load data inpath 'x' into table t

from t insert into u select 1

set spark.sql.x = 1

analyze table t compute statistics

list jar
