"""How pricing's rules, promotions and codes are kept and read."""
