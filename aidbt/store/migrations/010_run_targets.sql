alter table runs add column target text not null default ''
