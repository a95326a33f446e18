-- as it comes: marts pick what they need
with source as (

    select * from {{ source('ecom', 'raw_supplies') }}

)

select * from source
