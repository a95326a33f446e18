create table quality_scores (
    scope text not null,
    name text not null,
    dimension text not null,
    day text not null,
    at double precision not null,
    score double precision,
    coverage double precision not null,
    primary key (scope, name, dimension, day)
)
