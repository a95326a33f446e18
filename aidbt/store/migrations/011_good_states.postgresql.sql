create table good_states (
    number integer primary key,
    target text not null,
    taken_at double precision not null,
    invocation_id text not null,
    body text not null,
    unique (target, invocation_id)
);

create table good_blobs (
    digest text primary key,
    content bytea not null
);

create table good_state_blobs (
    number integer not null,
    digest text not null,
    primary key (number, digest)
);

create index good_state_blobs_by_digest on good_state_blobs (digest)
