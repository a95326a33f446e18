"""What phrases mean before they are a query, the chart that finds them, and the closed list of English."""
