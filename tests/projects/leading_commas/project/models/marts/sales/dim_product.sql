SELECT
    product_key
    , sku
    , product_name
    , product_type
    , list_price_eur
    , flag_active
    , launch_dt
FROM {{ ref('base_shop_db__product') }}
