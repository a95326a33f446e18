with base as (

    select *
    from {{ ref('stg_salesforce__account_tmp') }}
),

fields as (

    select
        {{
            fivetran_utils.fill_staging_columns(
                source_columns=adapter.get_columns_in_relation(ref('stg_salesforce__account_tmp')),
                staging_columns=get_account_columns()
            )
        }}
        {{ fivetran_utils.source_relation(union_schema_variable='salesforce_union_schemas', union_database_variable='salesforce_union_databases') }}

    from base
),

final as (

    select
        _fivetran_deleted,
        id as account_id,
        cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
        name as account_name

        {{ fivetran_utils.fill_pass_through_columns('salesforce__account_pass_through_columns') }}

    from fields
)

select *
from final
where not coalesce(_fivetran_deleted, false)
