select email, 'customer' as kind from {{ ref('stg_customers') }} where email is not null
union
select lower(full_name) as email, 'referrer' as kind
from {{ ref('stg_customers') }}
where customer_id in (select referred_by from {{ ref('stg_customers') }})
