select p.product_id, t.tag, upper(t.tag) as tag_label
from products as p, unnest(p.tags) as t (tag)
where t.tag is not null
