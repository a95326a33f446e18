with base as (

    select *
    from {{ source('app', 'users') }}

), fields as (

    select
        id as user_id,
        name as user_name,
        deleted as is_deleted
    from base

)

select *
from fields
