"""How identity's rows are kept and read, one file per noun."""
