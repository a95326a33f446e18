{# the soft-deleted ones are gone from here on #}
select *
from {{ ref('base_app__plans') }}
where not is_deleted
