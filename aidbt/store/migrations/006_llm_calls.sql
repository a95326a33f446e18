create table llm_days (
    day text primary key,
    tokens bigint not null,
    nanos bigint not null
);

create table llm_calls (
    id text primary key,
    at double precision not null,
    feature text not null,
    provider text not null,
    model text not null,
    prompt_hash text not null,
    prompt_tokens bigint not null,
    answer_tokens bigint not null,
    nanos bigint,
    outcome text not null,
    level text not null
);

create index llm_calls_by_time on llm_calls (at)
