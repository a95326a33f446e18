"""What a person wrote in a model file, Jinja and all, read without dbt: what each column is made of."""
