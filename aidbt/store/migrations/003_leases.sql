create table lease_tokens (
    resource text primary key,
    token bigint not null
);

create table leases (
    id text primary key,
    resource text not null,
    holder text not null,
    mode text not null,
    ttl_s double precision not null,
    acquired_at double precision not null,
    expires_at double precision not null
);

create index leases_by_resource on leases (resource)
