{% snapshot snap_members %}
{{ config(target_schema='snaps', unique_key='"memberId"', strategy='timestamp', updated_at='changed_at') }}
select * from {{ source('loyalty', 'members') }}
{% endsnapshot %}
