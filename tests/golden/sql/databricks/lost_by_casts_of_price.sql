-- to bigint
SELECT COUNT_IF(NOT `price` IS NULL AND (TRY_CAST(`price` AS BIGINT) IS NULL OR TRY_CAST(TRY_CAST(`price` AS BIGINT) AS DECIMAL(12, 2)) IS DISTINCT FROM `price`)) FROM `acme`.`shop`.`Orders`
;
-- to numeric(5,1)
SELECT COUNT_IF(NOT `price` IS NULL AND (TRY_CAST(`price` AS DECIMAL(5, 1)) IS NULL OR TRY_CAST(TRY_CAST(`price` AS DECIMAL(5, 1)) AS DECIMAL(12, 2)) IS DISTINCT FROM `price`)) FROM `acme`.`shop`.`Orders`
