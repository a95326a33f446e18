WITH source AS (

    SELECT *
    FROM {{ source('ops', 'FlightLegs') }}
    WHERE _aidbt_batch_id = (
      SELECT MAX(loads._aidbt_batch_id)
      FROM {{ source('ops', '_aidbt_loads') }} AS loads
      WHERE loads.table_name = 'FlightLegs'
    )

), renamed AS (

    SELECT
      id                       AS leg_id,
      plane                    AS plane_id,
      carrier,
      delay::DECIMAL(18, 2)    AS delay_minutes,
      CASE
        WHEN state = 1 THEN 'flown'
        ELSE LOWER(note)
      END AS leg_state,
      cancelled::BOOLEAN       AS is_cancelled,
      "order"                  AS position,
      {{ to_utc('departed') }} AS departed_at
    FROM source

)

SELECT *
FROM renamed
