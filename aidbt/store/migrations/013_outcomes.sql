alter table heal_cases add column said text not null default '';

alter table heal_cases add column confidence double precision not null default 0
