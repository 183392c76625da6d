# What a machine says of itself: PROGRAMS to look for.
greet "$1"
say ok
