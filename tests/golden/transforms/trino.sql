-- before
nullif(trim(split_part(a, ', ', 1)), '')

-- after
nullif(trim(case when strpos(a, '-') > 0 then substr(a, strpos(a, '-') + 1) end), '')

-- before the last
reverse(nullif(trim(case when strpos(reverse(a), '@') > 0 then substr(reverse(a), strpos(reverse(a), '@') + 1) end), ''))

-- after the last
reverse(nullif(trim(split_part(reverse(a), ' ', 1)), ''))

-- between
nullif(trim(split_part(nullif(trim(case when strpos(a, ',') > 0 then substr(a, strpos(a, ',') + 1) end), ''), ' ', 1)), '')

-- joined
nullif(trim(' ,' from concat(cast(coalesce(trim(a), '') as varchar), cast(coalesce(concat(cast(', ' as varchar), cast(nullif(trim("Two Words"), '') as varchar)), '') as varchar), cast(coalesce(concat(cast(' ' as varchar), cast(i as varchar)), '') as varchar))), '')

-- joined with nothing between
nullif(concat(cast(coalesce(trim(a), '') as varchar), cast(coalesce(nullif(trim(b), ''), '') as varchar)), '')

-- prefixed
concat(cast('it''s-' as varchar), cast(i as varchar))

-- first filled
coalesce(a, b)

-- first filled of two types
coalesce(cast(i as varchar), b)

-- trimmed
trim(a)

-- upper
upper(a)

-- number
case when regexp_like(trim(a), '^[+-]?[0-9]{1,15}([.][0-9]{1,9})?\z') then cast(trim(a) as decimal(38, 9)) end

-- integer
case when regexp_like(trim(a), '^[+-]?[0-9]{1,18}\z') then cast(trim(a) as bigint) end

-- a hundredth
i / 100.0

-- pounds
case when regexp_like(trim(a), '^[+-]?[0-9]{1,15}([.][0-9]{1,9})?\z') then cast(trim(a) as decimal(38, 9)) end * 0.45359237

-- celsius
(i - 32.0) / 1.8

-- fahrenheit
i * 1.8 + 32.0

-- by unit
case lower(trim(b)) when 'kg' then i when 'lb' then i * 0.45359237 end

-- choice
case b when 'it''s' then '\' when 'y' then 'yes' end

-- truth
case when lower(b) in ('1', 'y') then true when lower(b) in ('0', 'n') then false end

-- truth as text
case when flag then 'Y' when not flag then 'N' end

-- negated
not flag

-- first true
case when flag then 'set' end

-- date of parts
try_cast((concat(cast(case when i between 1 and 9999 then lpad(cast(i as varchar), 4, '0') end as varchar), cast('-' as varchar), cast(case when j between 1 and 12 then lpad(cast(j as varchar), 2, '0') end as varchar), cast('-' as varchar), cast(case when case when regexp_like(trim(b), '^[+-]?[0-9]{1,18}\z') then cast(trim(b) as bigint) end between 1 and 31 then lpad(cast(case when regexp_like(trim(b), '^[+-]?[0-9]{1,18}\z') then cast(trim(b) as bigint) end as varchar), 2, '0') end as varchar))) as date)

-- timestamp of parts
try_cast((concat(cast(case when i between 1 and 9999 then lpad(cast(i as varchar), 4, '0') end as varchar), cast('-' as varchar), cast(case when j between 1 and 12 then lpad(cast(j as varchar), 2, '0') end as varchar), cast('-' as varchar), cast(case when k between 1 and 31 then lpad(cast(k as varchar), 2, '0') end as varchar), cast(' ' as varchar), cast(substr(case when k between 0 and 2359 then lpad(cast(k as varchar), 4, '0') end, 1, 2) as varchar), cast(':' as varchar), cast(substr(case when k between 0 and 2359 then lpad(cast(k as varchar), 4, '0') end, 3, 2) as varchar))) as timestamp)

-- timestamp of a clock
try_cast((concat(cast(case when i between 1 and 9999 then lpad(cast(i as varchar), 4, '0') end as varchar), cast('-' as varchar), cast(case when j between 1 and 12 then lpad(cast(j as varchar), 2, '0') end as varchar), cast('-' as varchar), cast(case when k between 1 and 31 then lpad(cast(k as varchar), 2, '0') end as varchar), cast(' ' as varchar), cast(case when j between 0 and 23 then lpad(cast(j as varchar), 2, '0') end as varchar), cast(':' as varchar), cast(case when k between 0 and 59 then lpad(cast(k as varchar), 2, '0') end as varchar))) as timestamp)

-- timestamp of date and time
try_cast((concat(cast(d as varchar), cast(' ' as varchar), cast(clock as varchar))) as timestamp)

-- date of digits
try_cast(case when regexp_like(cast(i as varchar), '^[0-9]{8}\z') then concat(cast(substr(cast(i as varchar), 1, 4) as varchar), cast('-' as varchar), cast(substr(cast(i as varchar), 5, 2) as varchar), cast('-' as varchar), cast(substr(cast(i as varchar), 7, 2) as varchar)) end as date)

-- date of day first
try_cast(case when regexp_like(trim(a), '^[0-9]{2}/[0-9]{2}/[0-9]{4}\z') then concat(cast(substr(trim(a), 7, 4) as varchar), cast('-' as varchar), cast(substr(trim(a), 4, 2) as varchar), cast('-' as varchar), cast(substr(trim(a), 1, 2) as varchar)) end as date)

-- date as digits
replace(cast(d as varchar), '-', '')

-- timestamp of seconds
case when big between -62135596800 and 253402300799 then cast(from_unixtime(big, 'UTC') as timestamp(6)) end

-- timestamp of milliseconds
case when big between -62135596800000 and 253402300799000 then cast(from_unixtime(big / 1000.0, 'UTC') as timestamp(6)) end

-- epoch
cast(floor(to_unixtime(cast("at" as timestamp(6)))) as bigint)

-- month
extract(month from d)

-- hour
extract(hour from "at")

-- time of day
cast("at" as time)
