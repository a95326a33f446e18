select member_id, nickname from {{ ref('stg_loyalty__members') }}
