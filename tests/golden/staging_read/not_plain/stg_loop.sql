select
    id
    {% for metric in ['clicks', 'views'] %}
    , {{ metric }}
    {% endfor %}
from {{ source('ads', 'stats') }}
