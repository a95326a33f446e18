SELECT
    id AS supplier_key
    , parent_id AS parent_key
    , name AS supplier_nm
    , status AS supplier_cd
    , CAST(amount AS DOUBLE) AS amount_eur
    , active AS active_flag
    , created AS created_ts
FROM {{ source('till', 'suppliers') }}
