SELECT
    s."Store No" AS location_id
    , TRIM(s."Store Name") AS location_name
    , s."Tax Rate" AS tax_rate
    , STRPTIME(s."Opened At", '%d/%m/%Y')::DATE AS opened_on
FROM {{ source('sheets', 'stores') }} AS s
WHERE s."Store No" IS NOT NULL
