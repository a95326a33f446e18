SELECT
    id AS sale_key
    , parent_id AS parent_key
    , name AS sale_nm
    , status AS sale_cd
    , CAST(amount AS DOUBLE) AS amount_eur
    , active AS active_flag
    , created AS created_ts
FROM {{ source('till', 'sales') }}
