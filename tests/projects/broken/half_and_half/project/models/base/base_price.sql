SELECT
    id AS price_key
    , parent_id AS parent_key
    , name AS price_nm
    , status AS price_cd
    , CAST(amount AS DOUBLE) AS amount_eur
    , active AS active_flag
    , created AS created_ts
FROM {{ source('till', 'prices') }}
