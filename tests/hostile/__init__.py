"""Files as a careless tool, a broken transfer or an attacker would send them, and what every reader owes to each."""
