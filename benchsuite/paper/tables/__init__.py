"""Tables: each function takes findings and gives a table block whose cells know their runs."""
