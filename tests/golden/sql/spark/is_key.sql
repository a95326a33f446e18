SELECT COUNT(*), COUNT(`id`) FROM `shop`.`Orders`
;
SELECT 1 FROM `shop`.`Orders` GROUP BY `id` HAVING COUNT(*) > 1 LIMIT 1
