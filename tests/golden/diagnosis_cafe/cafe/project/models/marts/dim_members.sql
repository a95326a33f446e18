select member_id, email, level, joined_on from {{ ref('stg_loyalty__members') }}
