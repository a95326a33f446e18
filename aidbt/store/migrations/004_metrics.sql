create table metrics (
    name text not null,
    entity text not null,
    at double precision not null,
    hour bigint not null,
    span_s integer not null,
    samples integer not null,
    total double precision not null,
    low double precision not null,
    high double precision not null
);

create index metrics_by_entity on metrics (name, entity, at);

create index metrics_by_hour on metrics (span_s, hour)
