-- Columns that go round: the parent becomes the root.
-- dialect: duckdb
-- relation: nodes (id INTEGER, parent_id INTEGER, name VARCHAR)
with recursive tree(id, root, path) as (
  select id, name, name from nodes where parent_id is null
  union all
  select n.id, t.root, t.path || '/' || n.name from nodes n join tree t on t.id = n.parent_id
)
select * from tree
