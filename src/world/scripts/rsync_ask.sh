# Says what rsync here would ask of the other side, one word a line: CLIENT-WORDS.
# missing | old VERSION | ok.
begin
command -v rsync >/dev/null 2>&1 || say missing
v=$(rsync --version 2>/dev/null | sed -n '1s/.*version v*\([0-9.]*\).*/\1/p')
case $v in 0.*|1.*|2.*|3.0|3.0.*) say "old $v";; esac
[ $# -gt 0 ] || say ok
exec 4>&1
rsync "$@" >/dev/null 2>&1 </dev/null
say ok
