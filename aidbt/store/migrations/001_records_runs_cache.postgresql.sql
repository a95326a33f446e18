create table records (
    kind text collate "C" not null,
    key text collate "C" not null,
    version integer not null,
    value text not null,
    saved_at text not null,
    primary key (kind, key)
);

create table runs (
    invocation_id text collate "C" primary key,
    command text not null,
    status text not null,
    started_at text collate "C" not null,
    finished_at text not null,
    report text not null
);

create index runs_by_time on runs (started_at);

create table cache (
    kind text collate "C" not null,
    entity text collate "C" not null,
    key text collate "C" not null,
    value text not null,
    expires_at double precision not null,
    primary key (kind, entity, key)
);

create table cache_invalidations (
    rowid bigint generated always as identity,
    at text not null,
    entity text collate "C" not null,
    change text not null,
    kind text collate "C" not null,
    removed integer not null
);
