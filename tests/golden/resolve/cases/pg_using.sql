-- USING: the merged column comes first in a star; after a full join it is either side's.
-- dialect: postgres
-- relation: a (x integer, k integer)
-- relation: b (k integer, y text)
select * from a full join b using (k)
