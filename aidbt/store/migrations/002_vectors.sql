create table vectors (
    key blob primary key,
    vector blob not null,
    used_at real not null
);

create index vectors_by_use on vectors (used_at)
