-- USING in place of ON.

-- before
select o.id, i.qty from orders as o join trades as i on o.id = i.id

-- after
select o.id, i.qty from orders as o join trades as i using (id)

-- verdict
nothing changes
