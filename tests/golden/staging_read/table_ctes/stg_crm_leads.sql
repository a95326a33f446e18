{{
    config(
        materialized='view',
        tags=['crm']
    )
}}

with leads as (

    select * from {{ source('crm', 'leads') }}

)

, leads_renamed as (

    select
        leads.id as lead_id
        , leads.email as email
        , leads.owner as owner_id
        , leads.created::timestamp as created_at
        , row_number() over (partition by leads.email order by leads.created desc) as email_rank
    from leads

)

select * from leads_renamed
where email_rank = 1
