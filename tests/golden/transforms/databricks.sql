-- before
nullif(trim(substring_index(a, ', ', 1)), '')

-- after
nullif(trim(case when instr(a, '-') > 0 then substr(a, instr(a, '-') + 1) end), '')

-- before the last
reverse(nullif(trim(case when instr(reverse(a), '@') > 0 then substr(reverse(a), instr(reverse(a), '@') + 1) end), ''))

-- after the last
reverse(nullif(trim(substring_index(reverse(a), ' ', 1)), ''))

-- between
nullif(trim(substring_index(nullif(trim(case when instr(a, ',') > 0 then substr(a, instr(a, ',') + 1) end), ''), ' ', 1)), '')

-- joined
nullif(trim(' ,' from coalesce(trim(a), '') || coalesce(', ' || nullif(trim(`Two Words`), ''), '') || coalesce(' ' || cast(i as string), '')), '')

-- joined with nothing between
nullif(coalesce(trim(a), '') || coalesce(nullif(trim(b), ''), ''), '')

-- prefixed
'it\'s-' || cast(i as string)

-- first filled
coalesce(a, b)

-- first filled of two types
coalesce(cast(i as string), b)

-- trimmed
trim(a)

-- upper
upper(a)

-- number
case when regexp_like(trim(a), '^[+-]?[0-9]{1,15}([.][0-9]{1,9})?\\z') then cast(trim(a) as decimal(38, 9)) end

-- integer
case when regexp_like(trim(a), '^[+-]?[0-9]{1,18}\\z') then cast(trim(a) as bigint) end

-- a hundredth
i / 100.0

-- pounds
case when regexp_like(trim(a), '^[+-]?[0-9]{1,15}([.][0-9]{1,9})?\\z') then cast(trim(a) as decimal(38, 9)) end * 0.45359237

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
try_cast((case when i between 1 and 9999 then lpad(cast(i as string), 4, '0') end || '-' || case when j between 1 and 12 then lpad(cast(j as string), 2, '0') end || '-' || case when case when regexp_like(trim(b), '^[+-]?[0-9]{1,18}\\z') then cast(trim(b) as bigint) end between 1 and 31 then lpad(cast(case when regexp_like(trim(b), '^[+-]?[0-9]{1,18}\\z') then cast(trim(b) as bigint) end as string), 2, '0') end) as date)

-- timestamp of parts
try_cast((case when i between 1 and 9999 then lpad(cast(i as string), 4, '0') end || '-' || case when j between 1 and 12 then lpad(cast(j as string), 2, '0') end || '-' || case when k between 1 and 31 then lpad(cast(k as string), 2, '0') end || ' ' || substr(case when k between 0 and 2359 then lpad(cast(k as string), 4, '0') end, 1, 2) || ':' || substr(case when k between 0 and 2359 then lpad(cast(k as string), 4, '0') end, 3, 2)) as timestamp_ntz)

-- timestamp of a clock
try_cast((case when i between 1 and 9999 then lpad(cast(i as string), 4, '0') end || '-' || case when j between 1 and 12 then lpad(cast(j as string), 2, '0') end || '-' || case when k between 1 and 31 then lpad(cast(k as string), 2, '0') end || ' ' || case when j between 0 and 23 then lpad(cast(j as string), 2, '0') end || ':' || case when k between 0 and 59 then lpad(cast(k as string), 2, '0') end) as timestamp_ntz)

-- timestamp of date and time
try_cast((cast(d as string) || ' ' || cast(clock as string)) as timestamp_ntz)

-- date of digits
try_cast(case when regexp_like(cast(i as string), '^[0-9]{8}\\z') then substr(cast(i as string), 1, 4) || '-' || substr(cast(i as string), 5, 2) || '-' || substr(cast(i as string), 7, 2) end as date)

-- date of day first
try_cast(case when regexp_like(trim(a), '^[0-9]{2}/[0-9]{2}/[0-9]{4}\\z') then substr(trim(a), 7, 4) || '-' || substr(trim(a), 4, 2) || '-' || substr(trim(a), 1, 2) end as date)

-- date as digits
replace(cast(d as string), '-', '')

-- timestamp of seconds
case when big between -62135596800 and 253402300799 then timestamp_seconds(big) end

-- timestamp of milliseconds
case when big between -62135596800000 and 253402300799000 then timestamp_millis(big) end

-- epoch
cast(floor(unix_micros(cast(try_cast(cast(`at` as string) as timestamp_ntz) as timestamp)) / 1e6) as bigint)

-- month
extract(month from d)

-- hour
extract(hour from try_cast(cast(`at` as string) as timestamp_ntz))
