-- TODO(mirko): rename like the rest, Metabase still reads organization_id
SELECT
    id AS organization_id
    , name AS organization_name
    , shared_tickets
    , created_at
    , updated_at
FROM {{ source('zendesk', 'organization') }}
