"""How good the data of a project is: scores, why they lack points, what wins these back."""
