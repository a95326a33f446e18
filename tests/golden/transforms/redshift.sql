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
nullif(trim(' ,' from coalesce(trim(a), '') || coalesce(', ' || nullif(trim("Two Words"), ''), '') || coalesce(' ' || cast(i as varchar(max)), '')), '')

-- joined with nothing between
nullif(coalesce(trim(a), '') || coalesce(nullif(trim(b), ''), ''), '')

-- prefixed
'it\'s-' || cast(i as varchar(max))

-- first filled
coalesce(a, b)

-- first filled of two types
coalesce(cast(i as varchar(max)), b)

-- trimmed
trim(a)

-- upper
upper(a)

-- number
case when trim(a) ~ '^[+-]?[0-9]{1,15}([.][0-9]{1,9})?$' then cast(trim(a) as decimal(38, 9)) end

-- integer
case when trim(a) ~ '^[+-]?[0-9]{1,18}$' then cast(trim(a) as bigint) end

-- a hundredth
i / 100.0

-- pounds
case when trim(a) ~ '^[+-]?[0-9]{1,15}([.][0-9]{1,9})?$' then cast(trim(a) as decimal(38, 9)) end * 0.45359237

-- celsius
(i - 32.0) / 1.8

-- fahrenheit
i * 1.8 + 32.0

-- by unit
case lower(trim(b)) when 'kg' then i when 'lb' then i * 0.45359237 end

-- choice
case b when 'it\'s' then '\\' when 'y' then 'yes' end

-- truth
case when lower(b) in ('1', 'y') then true when lower(b) in ('0', 'n') then false end

-- truth as text
case when flag then 'Y' when not flag then 'N' end

-- negated
not flag

-- first true
case when flag then 'set' end

-- date of parts
case when (case when i between 1 and 9999 then lpad(cast(i as varchar(max)), 4, '0') end || '-' || case when j between 1 and 12 then lpad(cast(j as varchar(max)), 2, '0') end || '-' || case when case when trim(b) ~ '^[+-]?[0-9]{1,18}$' then cast(trim(b) as bigint) end between 1 and 31 then lpad(cast(case when trim(b) ~ '^[+-]?[0-9]{1,18}$' then cast(trim(b) as bigint) end as varchar(max)), 2, '0') end) ~ '^(([1-9][0-9][0-9][0-9]|0[1-9][0-9][0-9]|00[1-9][0-9]|000[1-9])-((0?[13578]|1[02])-(0?[1-9]|[12][0-9]|3[01])|(0?[469]|11)-(0?[1-9]|[12][0-9]|30)|0?2-(0?[1-9]|1[0-9]|2[0-8]))|([0-9][0-9](0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-0?2-29)([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$' then cast((case when i between 1 and 9999 then lpad(cast(i as varchar(max)), 4, '0') end || '-' || case when j between 1 and 12 then lpad(cast(j as varchar(max)), 2, '0') end || '-' || case when case when trim(b) ~ '^[+-]?[0-9]{1,18}$' then cast(trim(b) as bigint) end between 1 and 31 then lpad(cast(case when trim(b) ~ '^[+-]?[0-9]{1,18}$' then cast(trim(b) as bigint) end as varchar(max)), 2, '0') end) as date) end

-- timestamp of parts
case when (case when i between 1 and 9999 then lpad(cast(i as varchar(max)), 4, '0') end || '-' || case when j between 1 and 12 then lpad(cast(j as varchar(max)), 2, '0') end || '-' || case when k between 1 and 31 then lpad(cast(k as varchar(max)), 2, '0') end || ' ' || substr(case when k between 0 and 2359 then lpad(cast(k as varchar(max)), 4, '0') end, 1, 2) || ':' || substr(case when k between 0 and 2359 then lpad(cast(k as varchar(max)), 4, '0') end, 3, 2)) ~ '^(([1-9][0-9][0-9][0-9]|0[1-9][0-9][0-9]|00[1-9][0-9]|000[1-9])-((0?[13578]|1[02])-(0?[1-9]|[12][0-9]|3[01])|(0?[469]|11)-(0?[1-9]|[12][0-9]|30)|0?2-(0?[1-9]|1[0-9]|2[0-8]))|([0-9][0-9](0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-0?2-29)([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$' then cast((case when i between 1 and 9999 then lpad(cast(i as varchar(max)), 4, '0') end || '-' || case when j between 1 and 12 then lpad(cast(j as varchar(max)), 2, '0') end || '-' || case when k between 1 and 31 then lpad(cast(k as varchar(max)), 2, '0') end || ' ' || substr(case when k between 0 and 2359 then lpad(cast(k as varchar(max)), 4, '0') end, 1, 2) || ':' || substr(case when k between 0 and 2359 then lpad(cast(k as varchar(max)), 4, '0') end, 3, 2)) as timestamp) end

-- timestamp of a clock
case when (case when i between 1 and 9999 then lpad(cast(i as varchar(max)), 4, '0') end || '-' || case when j between 1 and 12 then lpad(cast(j as varchar(max)), 2, '0') end || '-' || case when k between 1 and 31 then lpad(cast(k as varchar(max)), 2, '0') end || ' ' || case when j between 0 and 23 then lpad(cast(j as varchar(max)), 2, '0') end || ':' || case when k between 0 and 59 then lpad(cast(k as varchar(max)), 2, '0') end) ~ '^(([1-9][0-9][0-9][0-9]|0[1-9][0-9][0-9]|00[1-9][0-9]|000[1-9])-((0?[13578]|1[02])-(0?[1-9]|[12][0-9]|3[01])|(0?[469]|11)-(0?[1-9]|[12][0-9]|30)|0?2-(0?[1-9]|1[0-9]|2[0-8]))|([0-9][0-9](0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-0?2-29)([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$' then cast((case when i between 1 and 9999 then lpad(cast(i as varchar(max)), 4, '0') end || '-' || case when j between 1 and 12 then lpad(cast(j as varchar(max)), 2, '0') end || '-' || case when k between 1 and 31 then lpad(cast(k as varchar(max)), 2, '0') end || ' ' || case when j between 0 and 23 then lpad(cast(j as varchar(max)), 2, '0') end || ':' || case when k between 0 and 59 then lpad(cast(k as varchar(max)), 2, '0') end) as timestamp) end

-- timestamp of date and time
case when (cast(d as varchar(max)) || ' ' || cast(clock as varchar(max))) ~ '^(([1-9][0-9][0-9][0-9]|0[1-9][0-9][0-9]|00[1-9][0-9]|000[1-9])-((0?[13578]|1[02])-(0?[1-9]|[12][0-9]|3[01])|(0?[469]|11)-(0?[1-9]|[12][0-9]|30)|0?2-(0?[1-9]|1[0-9]|2[0-8]))|([0-9][0-9](0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-0?2-29)([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$' then cast((cast(d as varchar(max)) || ' ' || cast(clock as varchar(max))) as timestamp) end

-- date of digits
case when case when cast(i as varchar(max)) ~ '^[0-9]{8}$' then substr(cast(i as varchar(max)), 1, 4) || '-' || substr(cast(i as varchar(max)), 5, 2) || '-' || substr(cast(i as varchar(max)), 7, 2) end ~ '^(([1-9][0-9][0-9][0-9]|0[1-9][0-9][0-9]|00[1-9][0-9]|000[1-9])-((0?[13578]|1[02])-(0?[1-9]|[12][0-9]|3[01])|(0?[469]|11)-(0?[1-9]|[12][0-9]|30)|0?2-(0?[1-9]|1[0-9]|2[0-8]))|([0-9][0-9](0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-0?2-29)([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$' then cast(case when cast(i as varchar(max)) ~ '^[0-9]{8}$' then substr(cast(i as varchar(max)), 1, 4) || '-' || substr(cast(i as varchar(max)), 5, 2) || '-' || substr(cast(i as varchar(max)), 7, 2) end as date) end

-- date of day first
case when case when trim(a) ~ '^[0-9]{2}/[0-9]{2}/[0-9]{4}$' then substr(trim(a), 7, 4) || '-' || substr(trim(a), 4, 2) || '-' || substr(trim(a), 1, 2) end ~ '^(([1-9][0-9][0-9][0-9]|0[1-9][0-9][0-9]|00[1-9][0-9]|000[1-9])-((0?[13578]|1[02])-(0?[1-9]|[12][0-9]|3[01])|(0?[469]|11)-(0?[1-9]|[12][0-9]|30)|0?2-(0?[1-9]|1[0-9]|2[0-8]))|([0-9][0-9](0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-0?2-29)([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$' then cast(case when trim(a) ~ '^[0-9]{2}/[0-9]{2}/[0-9]{4}$' then substr(trim(a), 7, 4) || '-' || substr(trim(a), 4, 2) || '-' || substr(trim(a), 1, 2) end as date) end

-- date as digits
replace(cast(d as varchar(max)), '-', '')

-- timestamp of seconds
case when big between -62135596800 and 253402300799 then cast('1970-01-01' as timestamp) + big * interval '1 SECOND' end

-- timestamp of milliseconds
case when big between -62135596800000 and 253402300799000 then cast('1970-01-01' as timestamp) + big / 1000.0 * interval '1 SECOND' end

-- epoch
cast(floor(cast(extract(epoch from "at") as double precision)) as bigint)

-- month
extract(month from d)

-- hour
extract(hour from "at")

-- time of day
cast("at" as time)
