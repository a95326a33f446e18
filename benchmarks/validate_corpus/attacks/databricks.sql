select ai_query('endpoint', a) from t

select * from cloud_files('s3://x')

select * from identifier('t')

select http_request(conn => 'x')
