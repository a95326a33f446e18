{# the soft-deleted ones are gone from here on #}
select *
from {{ ref('base_app__users') }}
where not is_deleted
