# Says what lies at a path: PATH.
begin
say "$(state "$1")"
