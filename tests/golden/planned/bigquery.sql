-- grain week
SELECT
  `orders`.`id` AS `c0`,
  TIMESTAMP_TRUNC(`orders`.`placed_at`, ISOWEEK) AS `c1`,
  DATE_TRUNC(`orders`.`due`, ISOWEEK) AS `c2`
FROM `orders`;

-- grain week from sunday
SELECT
  `orders`.`id` AS `c0`,
  TIMESTAMP_SUB(
    TIMESTAMP_TRUNC(TIMESTAMP_ADD(`orders`.`placed_at`, INTERVAL 1 DAY), ISOWEEK),
    INTERVAL 1 DAY
  ) AS `c1`,
  DATETIME_SUB(
    DATETIME_TRUNC(DATETIME_ADD(CAST(`orders`.`due` AS DATETIME), INTERVAL 1 DAY), ISOWEEK),
    INTERVAL 1 DAY
  ) AS `c2`
FROM `orders`;

-- part hour
SELECT
  `orders`.`id` AS `c0`,
  EXTRACT(HOUR FROM `orders`.`placed_at`) AS `c1`,
  EXTRACT(HOUR FROM CAST(`orders`.`due` AS DATETIME)) AS `c2`
FROM `orders`;

-- part day_of_week
SELECT
  `orders`.`id` AS `c0`,
  (
    MOD(EXTRACT(DAYOFWEEK FROM `orders`.`placed_at`) + 5, 7) + 1
  ) AS `c1`,
  (
    MOD(EXTRACT(DAYOFWEEK FROM `orders`.`due`) + 5, 7) + 1
  ) AS `c2`
FROM `orders`;

-- part week
SELECT
  `orders`.`id` AS `c0`,
  EXTRACT(ISOWEEK FROM `orders`.`placed_at`) AS `c1`,
  EXTRACT(ISOWEEK FROM `orders`.`due`) AS `c2`
FROM `orders`;

-- duration in whole days
SELECT
  `orders`.`id` AS `c0`,
  DATE_DIFF(CAST(`orders`.`shipped_at` AS DATE), CAST(`orders`.`placed_at` AS DATE), DAY) AS `c1`,
  DATE_DIFF(CAST(`orders`.`placed_at` AS DATE), CAST(`orders`.`due` AS DATE), DAY) AS `c2`
FROM `orders`;

-- duration in whole weeks
SELECT
  `orders`.`id` AS `c0`,
  DIV(
    DATE_DIFF(CAST(`orders`.`shipped_at` AS DATE), CAST(`orders`.`placed_at` AS DATE), DAY),
    7
  ) AS `c1`,
  DIV(
    DATE_DIFF(CAST(`orders`.`placed_at` AS DATE), CAST(`orders`.`due` AS DATE), DAY),
    7
  ) AS `c2`
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
  CAST(DATETIME_DIFF(
    DATETIME_TRUNC(CAST(`orders`.`shipped_at` AS DATETIME), SECOND),
    DATETIME_TRUNC(CAST(`orders`.`placed_at` AS DATETIME), SECOND),
    SECOND
  ) AS FLOAT64) / 3600 AS `c1`,
  CAST(DATETIME_DIFF(
    DATETIME_TRUNC(CAST(`orders`.`placed_at` AS DATETIME), SECOND),
    DATETIME_TRUNC(CAST(`orders`.`due` AS DATETIME), SECOND),
    SECOND
  ) AS FLOAT64) / 3600 AS `c2`
FROM `orders`;

-- the past 30 days
SELECT
  `orders`.`id` AS `c0`
FROM `orders`
WHERE
  `orders`.`placed_at` >= CAST('2025-05-16 00:00:00' AS TIMESTAMP)
  AND `orders`.`placed_at` < CAST('2025-06-16 00:00:00' AS TIMESTAMP);

-- contains 50%
SELECT
  `customers`.`id` AS `c0`
FROM `customers`
WHERE
  LOWER(`customers`.`name`) LIKE '%50\\%%';

-- contains \
SELECT
  `customers`.`id` AS `c0`
FROM `customers`
WHERE
  LOWER(`customers`.`name`) LIKE '%\\\\%';

-- avg of a decimal
SELECT
  `orders`.`status` AS `g0`,
  AVG(`orders`.`amount`) AS `v0`
FROM `orders`
GROUP BY
  `orders`.`status`;

-- median of a decimal
SELECT
  `orders`.`status` AS `g0`,
  (
    (
      ARRAY_AGG(
        CAST(`orders`.`amount` AS FLOAT64) IGNORE NULLS ORDER BY CAST(`orders`.`amount` AS FLOAT64)
      )[SAFE_OFFSET(DIV(COUNT(CAST(`orders`.`amount` AS FLOAT64)) - 1, 2))] + ARRAY_AGG(
        CAST(`orders`.`amount` AS FLOAT64) IGNORE NULLS ORDER BY CAST(`orders`.`amount` AS FLOAT64)
      )[SAFE_OFFSET(DIV(COUNT(CAST(`orders`.`amount` AS FLOAT64)), 2))]
    ) / 2
  ) AS `v0`
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
    ON COALESCE(`grouped`.`g1`, '') = COALESCE(`grouped_2`.`g1`, '')
    AND (
      `grouped`.`g1` IS NULL
    ) = (
      `grouped_2`.`g1` IS NULL
    )
)
SELECT
  `answer`.`g0`,
  `answer`.`v0`,
  `answer`.`v1`
FROM `answer`;

-- months of a date and a time
WITH `grouped` AS (
  SELECT
    DATE_TRUNC(`orders`.`due`, MONTH) AS `g1`,
    COUNT(*) AS `m1`
  FROM `orders`
  GROUP BY
    DATE_TRUNC(`orders`.`due`, MONTH)
), `grouped_2` AS (
  SELECT
    TIMESTAMP_TRUNC(`orders_2`.`shipped_at`, MONTH) AS `g1`,
    COUNT(*) AS `m1`
  FROM `orders` AS `orders_2`
  GROUP BY
    TIMESTAMP_TRUNC(`orders_2`.`shipped_at`, MONTH)
), `answer` AS (
  SELECT
    COALESCE(CAST(`grouped`.`g1` AS TIMESTAMP), `grouped_2`.`g1`) AS `g0`,
    COALESCE(`grouped`.`m1`, 0) AS `v0`,
    COALESCE(`grouped_2`.`m1`, 0) AS `v1`
  FROM `grouped`
  FULL JOIN `grouped_2`
    ON COALESCE(CAST(`grouped`.`g1` AS TIMESTAMP), CAST('1970-01-01' AS TIMESTAMP)) = COALESCE(`grouped_2`.`g1`, CAST('1970-01-01' AS TIMESTAMP))
    AND (
      CAST(`grouped`.`g1` AS TIMESTAMP) IS NULL
    ) = (
      `grouped_2`.`g1` IS NULL
    )
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
    ON COALESCE(`grouped`.`g1`, 0) = COALESCE(`grouped_2`.`g1`, 0)
    AND (
      `grouped`.`g1` IS NULL
    ) = (
      `grouped_2`.`g1` IS NULL
    )
)
SELECT
  `answer`.`g0`,
  `answer`.`v0`,
  `answer`.`v1`
FROM `answer`;

-- running within
WITH `grouped` AS (
  SELECT
    TIMESTAMP_TRUNC(`orders`.`placed_at`, MONTH) AS `g1`,
    `customers`.`country` AS `g2`,
    SUM(`orders`.`amount`) AS `m1`
  FROM `orders`
  INNER JOIN `customers`
    ON `customers`.`id` = `orders`.`customer_id`
  WHERE
    NOT `orders`.`placed_at` IS NULL
  GROUP BY
    TIMESTAMP_TRUNC(`orders`.`placed_at`, MONTH),
    `customers`.`country`
), `answer` AS (
  SELECT
    `grouped`.`g1` AS `g0`,
    `grouped`.`g2` AS `g1`,
    `grouped`.`m1` AS `v0`,
    SUM(`grouped`.`m1`) OVER (
      PARTITION BY `grouped`.`g2`
      ORDER BY `grouped`.`g1` IS NULL, `grouped`.`g1`
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
    TIMESTAMP_TRUNC(`orders`.`placed_at`, MONTH) AS `g1`,
    SUM(`orders`.`amount`) AS `m1`
  FROM `orders`
  WHERE
    NOT `orders`.`placed_at` IS NULL
  GROUP BY
    TIMESTAMP_TRUNC(`orders`.`placed_at`, MONTH)
), `answer` AS (
  SELECT
    `grouped`.`g1` AS `g0`,
    `grouped`.`m1` AS `v0`,
    CASE
      WHEN NOT `grouped`.`g1` IS NULL
      THEN AVG(`grouped`.`m1`) OVER (
        ORDER BY (
          (
            EXTRACT(YEAR FROM CAST(`grouped`.`g1` AS DATETIME)) - EXTRACT(YEAR FROM CAST('1970-01-01' AS DATETIME))
          ) * 12 + EXTRACT(MONTH FROM CAST(`grouped`.`g1` AS DATETIME)) - EXTRACT(MONTH FROM CAST('1970-01-01' AS DATETIME))
        )
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
    TIMESTAMP_TRUNC(`orders`.`placed_at`, MONTH) AS `g1`,
    SUM(`orders`.`amount`) AS `m1`
  FROM `orders`
  WHERE
    NOT `orders`.`placed_at` IS NULL
  GROUP BY
    TIMESTAMP_TRUNC(`orders`.`placed_at`, MONTH)
), `answer` AS (
  SELECT
    `grouped`.`g1` AS `g0`,
    `grouped`.`m1` AS `v0`,
    RANK() OVER (ORDER BY `grouped`.`m1` IS NULL, `grouped`.`m1`) AS `v1`
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
  CAST(`orders`.`due` AS DATETIME) < CAST('2025-06-08 18:00:00' AS DATETIME);
