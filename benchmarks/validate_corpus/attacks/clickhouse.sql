select * from url('http://example.com', csv, 'a String')

select * from file('x.csv')

select * from s3('https://x')

select * from remote('host', db, t)

select * from mysql('host', 'db', 't', 'u', 'p')

select sleep(3)

select 1 into outfile 'x'
