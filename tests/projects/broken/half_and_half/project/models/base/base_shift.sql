SELECT
    id AS shift_key
    , parent_id AS parent_key
    , name AS shift_nm
    , status AS shift_cd
    , CAST(amount AS DOUBLE) AS amount_eur
    , active AS active_flag
    , created AS created_ts
FROM {{ source('till', 'shifts') }}
