def dbt_faults(_):
    return []
