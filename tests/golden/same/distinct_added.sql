-- DISTINCT.

-- before
select region from customers

-- after
select distinct region from customers

-- verdict
other rows: the deduplication
another grain
