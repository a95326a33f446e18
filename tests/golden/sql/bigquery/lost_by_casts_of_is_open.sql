-- to int64
SELECT COUNTIF(NOT `is_open` IS NULL AND (SAFE_CAST(`is_open` AS INT64) IS NULL OR SAFE_CAST(SAFE_CAST(`is_open` AS INT64) AS BOOL) IS DISTINCT FROM `is_open`)) FROM `acme`.`shop`.`Orders`
