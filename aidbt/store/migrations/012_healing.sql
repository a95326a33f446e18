create table attempts (
    number integer primary key,
    target text not null,
    key text not null,
    state text not null,
    is_over integer not null,
    token integer not null,
    version integer not null,
    updated_at double precision not null,
    body text not null
);

create unique index attempts_alive on attempts (target, key) where is_over = 0;

create index attempts_by_state on attempts (state, updated_at);

create table heal_audit (
    number integer primary key,
    at text not null,
    who text not null,
    what text not null,
    subject text not null,
    before text not null,
    after text not null,
    evidence text not null,
    previous text not null,
    digest text not null unique
);

create table heal_cases (
    number integer primary key,
    at double precision not null,
    form text not null,
    error_class text not null,
    remedy text not null,
    outcome text not null,
    attempt text not null,
    runbook text not null
);

create index heal_cases_by_class on heal_cases (error_class, number);

create unique index heal_cases_by_attempt on heal_cases (attempt, outcome) where attempt <> ''
