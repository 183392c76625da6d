# What a machine says of itself: PROGRAMS to look for.
begin
greet "$1"
say ok
