{{
    config(
        materialized='view',
        tags=['crm']
    )
}}

with deals as (

    select * from {{ source('crm', 'deals') }}

)

, deals_renamed as (

    select
        deals.id as deal_id
        , deals.lead as lead_id
        , deals.amount::decimal(18, 2) as amount
        , deals.stage as stage
    from deals

)

select * from deals_renamed
