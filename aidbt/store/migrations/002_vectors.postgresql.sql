create table vectors (
    rowid bigint generated always as identity,
    key bytea primary key,
    vector bytea not null,
    used_at double precision not null
);

create index vectors_by_use on vectors (used_at)
