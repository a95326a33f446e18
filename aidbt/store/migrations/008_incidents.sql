create table incidents (
    number integer primary key,
    state text not null,
    updated_at double precision not null,
    version integer not null,
    body text not null
);

create index incidents_by_state on incidents (state, updated_at);

create table outbox (
    id text primary key,
    channel text not null,
    incident text not null,
    what text not null,
    is_digest integer not null,
    noted_at double precision not null,
    due_at double precision not null,
    tries integer not null,
    claimed_until double precision not null,
    problem text not null
);

create index outbox_by_time on outbox (due_at);

create index outbox_by_incident on outbox (channel, incident);

create table told (
    channel text not null,
    incident text not null,
    reference text not null,
    what text not null,
    told_at double precision not null,
    primary key (channel, incident)
);

create view postings as
select o.id, o.channel, o.incident, o.what, o.is_digest, o.noted_at, o.due_at, o.tries, o.problem,
    t.reference, t.what as told
from outbox o left join told t on t.channel = o.channel and t.incident = o.incident
