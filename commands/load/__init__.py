"""`everturn load`: many customers at once, and whether the promises held."""
