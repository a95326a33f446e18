{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['carrier', 'flight', 'time_hour'],
        on_schema_change='sync_all_columns'
    )
}}

{{ aidbt_latest(source('nycflights', 'flights'), key=['carrier', 'flight', 'time_hour']) }}
