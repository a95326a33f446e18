SELECT
    user_key AS agent_key
    , user_name AS agent_name
    , email
    , flag_active
    , last_login_ts
FROM {{ ref('base_zendesk__user') }}
WHERE role IN ('agent', 'admin')
