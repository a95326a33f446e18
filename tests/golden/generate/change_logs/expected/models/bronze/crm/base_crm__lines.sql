{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['"Order Id"', 'line'],
        on_schema_change='sync_all_columns'
    )
}}

{{ aidbt_latest(source('crm', 'lines'), key=['Order Id', 'line']) }}
