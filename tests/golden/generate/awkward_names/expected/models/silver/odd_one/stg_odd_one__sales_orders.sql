with source as (

    select
        "order",
        "we{{ '{' }}{ird",
        "it's",
        "a ""b""",
        "größe",
        "名前",
        "2nd",
        "User Name",
        "USER-NAME",
        "select",
        "{{ '{' }}# c #}",
        "true",
        "a%b"
    from {{ source('Odd One', 'sales_orders') }}

),

renamed as (

    select
        "order",
        "we{{ '{' }}{ird" as we_ird,
        "it's" as it_s,
        "a ""b""" as a_b,
        "größe" as grosse,
        "名前",
        "2nd" as _2nd,
        "User Name" as user_name,
        "USER-NAME" as user_name_2,
        "select",
        "{{ '{' }}# c #}" as c,
        "true",
        "a%b" as a_b_2
    from source

)

select * from renamed
