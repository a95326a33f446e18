-- grain week
SELECT
  `orders`.`id` AS `c0`,
  DATE_TRUNC('week', `orders`.`placed_at`) AS `c1`,
  CAST(DATE_TRUNC('week', `orders`.`due`) AS DATE) AS `c2`
FROM `orders`;

-- grain week from sunday
SELECT
  `orders`.`id` AS `c0`,
  DATE_TRUNC('week', `orders`.`placed_at` + INTERVAL '1' DAY) - INTERVAL '1' DAY AS `c1`,
  CAST(DATE_TRUNC('week', CAST(`orders`.`due` AS TIMESTAMP_NTZ) + INTERVAL '1' DAY) AS TIMESTAMP_NTZ) - INTERVAL '1' DAY AS `c2`
FROM `orders`;

-- part hour
SELECT
  `orders`.`id` AS `c0`,
  EXTRACT(HOUR FROM `orders`.`placed_at`) AS `c1`,
  EXTRACT(HOUR FROM CAST(`orders`.`due` AS TIMESTAMP_NTZ)) AS `c2`
FROM `orders`;

-- part day_of_week
SELECT
  `orders`.`id` AS `c0`,
  (
    WEEKDAY(`orders`.`placed_at`) + 1
  ) AS `c1`,
  (
    WEEKDAY(`orders`.`due`) + 1
  ) AS `c2`
FROM `orders`;

-- part week
SELECT
  `orders`.`id` AS `c0`,
  WEEKOFYEAR(`orders`.`placed_at`) AS `c1`,
  WEEKOFYEAR(`orders`.`due`) AS `c2`
FROM `orders`;

-- duration in whole days
SELECT
  `orders`.`id` AS `c0`,
  DATEDIFF(DAY, CAST(`orders`.`placed_at` AS DATE), CAST(`orders`.`shipped_at` AS DATE)) AS `c1`,
  DATEDIFF(DAY, CAST(`orders`.`due` AS DATE), CAST(`orders`.`placed_at` AS DATE)) AS `c2`
FROM `orders`;

-- duration in whole weeks
SELECT
  `orders`.`id` AS `c0`,
  DATEDIFF(DAY, CAST(`orders`.`placed_at` AS DATE), CAST(`orders`.`shipped_at` AS DATE)) DIV 7 AS `c1`,
  DATEDIFF(DAY, CAST(`orders`.`due` AS DATE), CAST(`orders`.`placed_at` AS DATE)) DIV 7 AS `c2`
FROM `orders`;

-- duration in whole months
SELECT
  `orders`.`id` AS `c0`,
  (
    (
      EXTRACT(YEAR FROM `orders`.`shipped_at`) - EXTRACT(YEAR FROM `orders`.`placed_at`)
    ) * 12 + EXTRACT(MONTH FROM `orders`.`shipped_at`) - EXTRACT(MONTH FROM `orders`.`placed_at`)
  ) AS `c1`,
  (
    (
      EXTRACT(YEAR FROM `orders`.`placed_at`) - EXTRACT(YEAR FROM `orders`.`due`)
    ) * 12 + EXTRACT(MONTH FROM `orders`.`placed_at`) - EXTRACT(MONTH FROM `orders`.`due`)
  ) AS `c2`
FROM `orders`;

-- duration in hours
SELECT
  `orders`.`id` AS `c0`,
  CAST(TIMESTAMPDIFF(
    SECOND,
    CAST(DATE_TRUNC('second', CAST(`orders`.`placed_at` AS TIMESTAMP_NTZ)) AS TIMESTAMP_NTZ),
    CAST(DATE_TRUNC('second', CAST(`orders`.`shipped_at` AS TIMESTAMP_NTZ)) AS TIMESTAMP_NTZ)
  ) AS DOUBLE) / 3600 AS `c1`,
  CAST(TIMESTAMPDIFF(
    SECOND,
    CAST(DATE_TRUNC('second', CAST(`orders`.`due` AS TIMESTAMP_NTZ)) AS TIMESTAMP_NTZ),
    CAST(DATE_TRUNC('second', CAST(`orders`.`placed_at` AS TIMESTAMP_NTZ)) AS TIMESTAMP_NTZ)
  ) AS DOUBLE) / 3600 AS `c2`
FROM `orders`;

-- the past 30 days
SELECT
  `orders`.`id` AS `c0`
FROM `orders`
WHERE
  `orders`.`placed_at` >= CAST('2025-05-16 00:00:00' AS TIMESTAMP_NTZ)
  AND `orders`.`placed_at` < CAST('2025-06-16 00:00:00' AS TIMESTAMP_NTZ);

-- contains 50%
SELECT
  `customers`.`id` AS `c0`
FROM `customers`
WHERE
  LOWER(`customers`.`name`) LIKE '%50!%%' ESCAPE '!';

-- contains \
SELECT
  `customers`.`id` AS `c0`
FROM `customers`
WHERE
  LOWER(`customers`.`name`) LIKE '%\\%' ESCAPE '!';

-- avg of a decimal
SELECT
  `orders`.`status` AS `g0`,
  AVG(CAST(`orders`.`amount` AS DOUBLE)) AS `v0`
FROM `orders`
GROUP BY
  `orders`.`status`;

-- median of a decimal
SELECT
  `orders`.`status` AS `g0`,
  MEDIAN(CAST(`orders`.`amount` AS DOUBLE)) AS `v0`
FROM `orders`
GROUP BY
  `orders`.`status`;

-- groups of two tables
WITH `grouped` AS (
  SELECT
    `customers`.`country` AS `g1`,
    SUM(`orders`.`amount`) AS `m1`
  FROM `orders`
  INNER JOIN `customers`
    ON `customers`.`id` = `orders`.`customer_id`
  GROUP BY
    `customers`.`country`
), `grouped_2` AS (
  SELECT
    `customers_2`.`country` AS `g1`,
    COUNT(*) AS `m1`
  FROM `customers` AS `customers_2`
  GROUP BY
    `customers_2`.`country`
), `answer` AS (
  SELECT
    COALESCE(`grouped`.`g1`, `grouped_2`.`g1`) AS `g0`,
    COALESCE(`grouped`.`m1`, 0) AS `v0`,
    COALESCE(`grouped_2`.`m1`, 0) AS `v1`
  FROM `grouped`
  FULL JOIN `grouped_2`
    ON `grouped`.`g1` IS NOT DISTINCT FROM `grouped_2`.`g1`
)
SELECT
  `answer`.`g0`,
  `answer`.`v0`,
  `answer`.`v1`
FROM `answer`;

-- months of a date and a time
WITH `grouped` AS (
  SELECT
    CAST(DATE_TRUNC('month', `orders`.`due`) AS DATE) AS `g1`,
    COUNT(*) AS `m1`
  FROM `orders`
  GROUP BY
    CAST(DATE_TRUNC('month', `orders`.`due`) AS DATE)
), `grouped_2` AS (
  SELECT
    DATE_TRUNC('month', `orders_2`.`shipped_at`) AS `g1`,
    COUNT(*) AS `m1`
  FROM `orders` AS `orders_2`
  GROUP BY
    DATE_TRUNC('month', `orders_2`.`shipped_at`)
), `answer` AS (
  SELECT
    COALESCE(`grouped`.`g1`, `grouped_2`.`g1`) AS `g0`,
    COALESCE(`grouped`.`m1`, 0) AS `v0`,
    COALESCE(`grouped_2`.`m1`, 0) AS `v1`
  FROM `grouped`
  FULL JOIN `grouped_2`
    ON `grouped`.`g1` IS NOT DISTINCT FROM `grouped_2`.`g1`
)
SELECT
  `answer`.`g0`,
  `answer`.`v0`,
  `answer`.`v1`
FROM `answer`;

-- numbers of two tables
WITH `grouped` AS (
  SELECT
    `customers`.`id` AS `g1`,
    COUNT(*) AS `m1`
  FROM `orders`
  INNER JOIN `customers`
    ON `customers`.`id` = `orders`.`customer_id`
  GROUP BY
    `customers`.`id`
), `grouped_2` AS (
  SELECT
    `customers_2`.`id` AS `g1`,
    COUNT(*) AS `m1`
  FROM `customers` AS `customers_2`
  WHERE
    NOT `customers_2`.`joined` IS NULL
  GROUP BY
    `customers_2`.`id`
), `answer` AS (
  SELECT
    COALESCE(`grouped`.`g1`, `grouped_2`.`g1`) AS `g0`,
    COALESCE(`grouped`.`m1`, 0) AS `v0`,
    COALESCE(`grouped_2`.`m1`, 0) AS `v1`
  FROM `grouped`
  FULL JOIN `grouped_2`
    ON `grouped`.`g1` IS NOT DISTINCT FROM `grouped_2`.`g1`
)
SELECT
  `answer`.`g0`,
  `answer`.`v0`,
  `answer`.`v1`
FROM `answer`;

-- running within
WITH `grouped` AS (
  SELECT
    DATE_TRUNC('month', `orders`.`placed_at`) AS `g1`,
    `customers`.`country` AS `g2`,
    SUM(`orders`.`amount`) AS `m1`
  FROM `orders`
  INNER JOIN `customers`
    ON `customers`.`id` = `orders`.`customer_id`
  WHERE
    NOT `orders`.`placed_at` IS NULL
  GROUP BY
    DATE_TRUNC('month', `orders`.`placed_at`),
    `customers`.`country`
), `answer` AS (
  SELECT
    `grouped`.`g1` AS `g0`,
    `grouped`.`g2` AS `g1`,
    `grouped`.`m1` AS `v0`,
    SUM(`grouped`.`m1`) OVER (
      PARTITION BY `grouped`.`g2`
      ORDER BY `grouped`.`g1` NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS `v1`
  FROM `grouped`
)
SELECT
  `answer`.`g0`,
  `answer`.`g1`,
  `answer`.`v0`,
  `answer`.`v1`
FROM `answer`;

-- moving average
WITH `grouped` AS (
  SELECT
    DATE_TRUNC('month', `orders`.`placed_at`) AS `g1`,
    SUM(`orders`.`amount`) AS `m1`
  FROM `orders`
  WHERE
    NOT `orders`.`placed_at` IS NULL
  GROUP BY
    DATE_TRUNC('month', `orders`.`placed_at`)
), `answer` AS (
  SELECT
    `grouped`.`g1` AS `g0`,
    `grouped`.`m1` AS `v0`,
    CASE
      WHEN NOT `grouped`.`g1` IS NULL
      THEN AVG(CAST(`grouped`.`m1` AS DOUBLE)) OVER (
        ORDER BY (
          (
            EXTRACT(YEAR FROM CAST(`grouped`.`g1` AS TIMESTAMP_NTZ)) - EXTRACT(YEAR FROM CAST('1970-01-01' AS TIMESTAMP_NTZ))
          ) * 12 + EXTRACT(MONTH FROM CAST(`grouped`.`g1` AS TIMESTAMP_NTZ)) - EXTRACT(MONTH FROM CAST('1970-01-01' AS TIMESTAMP_NTZ))
        ) NULLS LAST
        RANGE BETWEEN 2 PRECEDING AND CURRENT ROW
      )
    END AS `v1`
  FROM `grouped`
)
SELECT
  `answer`.`g0`,
  `answer`.`v0`,
  `answer`.`v1`
FROM `answer`;

-- rank
WITH `grouped` AS (
  SELECT
    DATE_TRUNC('month', `orders`.`placed_at`) AS `g1`,
    SUM(`orders`.`amount`) AS `m1`
  FROM `orders`
  WHERE
    NOT `orders`.`placed_at` IS NULL
  GROUP BY
    DATE_TRUNC('month', `orders`.`placed_at`)
), `answer` AS (
  SELECT
    `grouped`.`g1` AS `g0`,
    `grouped`.`m1` AS `v0`,
    RANK() OVER (ORDER BY `grouped`.`m1` ASC NULLS LAST) AS `v1`
  FROM `grouped`
)
SELECT
  `answer`.`g0`,
  `answer`.`v0`,
  `answer`.`v1`
FROM `answer`;

-- nulls last
SELECT
  `orders`.`id` AS `c0`,
  `orders`.`amount` AS `c1`
FROM `orders`
ORDER BY
  `orders`.`amount` ASC NULLS LAST,
  `orders`.`id` DESC;

-- distinct
SELECT DISTINCT
  `customers`.`country` AS `c0`
FROM `orders`
INNER JOIN `customers`
  ON `customers`.`id` = `orders`.`customer_id`
ORDER BY
  `c0` ASC NULLS LAST;

-- odd names
WITH `grouped` AS (
  SELECT
    `Größe`.`O'Hara "x"` AS `g1`,
    MAX(`Größe`.`länge in cm`) AS `m1`
  FROM `Größe`
  GROUP BY
    `Größe`.`O'Hara "x"`
), `answer` AS (
  SELECT
    `grouped`.`g1` AS `wie "groß"?`,
    `grouped`.`m1` AS `größte länge`,
    RANK() OVER (ORDER BY `grouped`.`m1` DESC) AS `select`
  FROM `grouped`
)
SELECT
  `answer`.`wie "groß"?`,
  `answer`.`größte länge`,
  `answer`.`select`
FROM `answer`;

-- a date before a time
SELECT
  `orders`.`id` AS `c0`
FROM `orders`
WHERE
  `orders`.`due` < CAST('2025-06-08 18:00:00' AS TIMESTAMP_NTZ);
