# Takes a file on stdin, after a line with its sha256 and size, into a private place: FILE.
begin
umask 077
read -r h z
[ -L "$1" ] && say "bad it is a symbolic link"
cat 2>/dev/null >"$1.new" || { rm -f "$1.new"; say "bad it cannot be written; is the disk full?"; }
k=$(sha256sum <"$1.new")
[ "${k%% *}" = "$h" ] && [ $(wc -c <"$1.new") -eq "$z" ] || { rm -f "$1.new"; say torn; }
mv "$1.new" "$1" && say ok
say "bad it cannot be renamed"
