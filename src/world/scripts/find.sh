# Says what lies at a path: PATH.
say "$(state "$1")"
