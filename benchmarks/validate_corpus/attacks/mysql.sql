select load_file('/etc/passwd')

select sleep(1000)

select benchmark(1000000000, md5('x'))

select 1 into outfile '/tmp/x'

select 1 into @x

select 1 /*! , sleep(1000) */
