# Makes a key for one use, in a folder of the run: FOLDER NAME COMMENT. Prints the public half and the addresses of this machine.
begin
umask 077
f=$1/$2
command -v ssh >/dev/null 2>&1 && command -v ssh-keygen >/dev/null 2>&1 || say missing
[ -s "$f" ] && [ -s "$f.pub" ] || { rm -f "$f" "$f.pub"; ssh-keygen -q -t ed25519 -N '' -C "$3" -f "$f" >/dev/null 2>&1 </dev/null || say "bad the key cannot be made"; }
read -r t p c <"$f.pub"
echo "$t $p"
echo $(hostname -I 2>/dev/null)
say ok
