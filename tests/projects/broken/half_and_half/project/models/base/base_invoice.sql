SELECT
    id AS invoice_key
    , parent_id AS parent_key
    , name AS invoice_nm
    , status AS invoice_cd
    , CAST(amount AS DOUBLE) AS amount_eur
    , active AS active_flag
    , created AS created_ts
FROM {{ source('till', 'invoices') }}
