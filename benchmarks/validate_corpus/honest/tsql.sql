select top 10 a, isnull(b, 0), iif(a > 1, 'x', 'y'), convert(varchar(10), d, 120), try_convert(int, a) from t

select dateadd(day, 1, d), datediff(month, d, getdate()), eomonth(d), datefromparts(2024, 1, 1), format(d, 'yyyy') from t

select string_agg(a, ',') within group (order by a), json_value(j, '$.a'), len(a), charindex('x', a), patindex('%x%', a) from t

select * from t cross apply openjson(j) with (a int '$.a') as o

select * from t outer apply (select top 1 * from u where u.a = t.a order by u.b) as x

select a from t for json path

select * from t pivot (sum(x) for y in ([a], [b])) as p

select hashbytes('SHA2_256', a), newid(), sysdatetime(), quotename(a), value from t cross apply string_split(a, ',')
