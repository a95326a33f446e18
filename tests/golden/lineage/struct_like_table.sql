-- A struct column that has the name of the table's alias.

create table boxes (id integer, box struct(w integer, h integer), w integer);
insert into boxes values (1, {'w': 2, 'h': 3}, 40), (2, {'w': 5, 'h': 7}, 60), (3, {'w': 11, 'h': 13}, 80);

-- query
select box.w as outer_w, box.box.h as inner_h from boxes as box

-- lineage
-- outer_w <- boxes.w
-- inner_h <- boxes.box
-- (rows) <-
