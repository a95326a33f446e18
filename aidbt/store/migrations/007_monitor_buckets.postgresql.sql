create table monitor_layouts (
    id integer generated always as identity primary key,
    digest text not null unique,
    keys text not null
);

create table monitor_buckets (
    node text not null,
    grain text not null,
    start bigint not null,
    layout integer not null,
    facts bytea not null,
    shares bytea,
    collected_at double precision,
    run_id text not null,
    is_refreshed integer not null,
    primary key (node, grain, start)
);

create table monitor_columns (
    node text not null,
    seen_at double precision not null,
    columns text not null,
    primary key (node, seen_at)
)
