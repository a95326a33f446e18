{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['id'],
        on_schema_change='sync_all_columns'
    )
}}

{{ aidbt_latest(source('crm', 'orders'), key=['id']) }}
