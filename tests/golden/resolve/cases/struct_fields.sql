-- The fields of a struct keep what each is made of.
-- dialect: duckdb
-- relation: t (id INTEGER, s STRUCT(x INTEGER, y VARCHAR), l STRUCT(k INTEGER)[])
with packed as (select {'a': id, 'b': s.x} as p, s, l from t)
select p.a, p.b, packed.s.y, s.*, l[1].k as k, packed.p['a'] as again, nope.z, packed.s.w from packed
