# Takes back what key_allow did: COMMENT-BEGINNING. ok | bad WHY.
begin
umask 077
gone=
place
if ! follow; then
  grep -q " $1" "$f" 2>/dev/null && say "bad $f is a symbolic link to a place that is not $u's"
  say ok
fi
[ -e "$f" ] || say ok
grep -q " $1" "$f" 2>/dev/null || say ok
hold
forget "$1" || { free; say "bad $f cannot be written"; }
free
[ "$gone" = yes ] && rmdir "$h/.ssh" 2>/dev/null
say ok
