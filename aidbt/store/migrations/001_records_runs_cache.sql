create table records (
    kind text not null,
    key text not null,
    version integer not null,
    value text not null,
    saved_at text not null,
    primary key (kind, key)
);

create table runs (
    invocation_id text primary key,
    command text not null,
    status text not null,
    started_at text not null,
    finished_at text not null,
    report text not null
);

create index runs_by_time on runs (started_at);

create table cache (
    kind text not null,
    entity text not null,
    key text not null,
    value text not null,
    expires_at real not null,
    primary key (kind, entity, key)
);

create table cache_invalidations (
    at text not null,
    entity text not null,
    change text not null,
    kind text not null,
    removed integer not null
);
