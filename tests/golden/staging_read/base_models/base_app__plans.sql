with base as (

    select *
    from {{ source('app', 'plans') }}

), fields as (

    select
        id as plan_id,
        name as plan_name,
        deleted as is_deleted
    from base

)

select *
from fields
