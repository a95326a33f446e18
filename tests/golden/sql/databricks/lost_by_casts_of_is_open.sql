-- to integer
SELECT COUNT_IF(NOT `is_open` IS NULL AND (TRY_CAST(`is_open` AS INT) IS NULL OR TRY_CAST(TRY_CAST(`is_open` AS INT) AS BOOLEAN) IS DISTINCT FROM `is_open`)) FROM `acme`.`shop`.`Orders`
