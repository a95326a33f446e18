{% snapshot snap_customer %}

{{
    config(
        target_schema = 'dwh_snapshot'
        , unique_key = 'customer_key'
        , strategy = 'timestamp'
        , updated_at = 'updated_ts'
    )
}}

SELECT
    customer_key
    , country_code
    , credit_limit_eur
    , flag_b2b
    , updated_ts
FROM {{ ref('base_shop_db__customer') }}

{% endsnapshot %}
