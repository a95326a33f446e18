select id, name, 'eu' as region from {{ source('eu', 'customers') }}
union all
select id, name, 'us' as region from {{ source('us', 'customers') }}
