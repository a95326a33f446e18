-- to date
SELECT COUNTIF(NOT `placed_at` IS NULL AND (SAFE_CAST(`placed_at` AS DATE) IS NULL OR SAFE_CAST(SAFE_CAST(`placed_at` AS DATE) AS DATETIME) IS DISTINCT FROM `placed_at`)) FROM `acme`.`shop`.`Orders`
