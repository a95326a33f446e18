def spark_faults(_):
    return []
