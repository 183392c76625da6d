# Makes a key for one use, in a folder of the run, and private files beside it: FOLDER NAME COMMENT aes|any [FILE TEXT]...
# Prints the public half and the addresses of this machine. aes: its connections may use the fast cipher.
begin
umask 077
f=$1/$2 c=$3 a=$4
command -v ssh >/dev/null 2>&1 && command -v ssh-keygen >/dev/null 2>&1 || say missing
[ -s "$f" ] && [ -s "$f.pub" ] || { rm -f "$f" "$f.pub"; ssh-keygen -q -t ed25519 -N '' -C "$c" -f "$f" >/dev/null 2>&1 </dev/null || say "bad the key cannot be made"; }
shift 4
while [ $# -gt 1 ]; do
  { printf %s "$2" >"$1.new" && mv "$1.new" "$1"; } 2>/dev/null || { rm -f "$1.new"; say "bad $1 cannot be written; is the disk full?"; }
  shift 2
done
if [ "$a" = aes ]; then
  # All that ssh would use, in another order.
  q=$(ssh -Q cipher 2>/dev/null) o=
  for x in aes128-gcm@openssh.com aes256-gcm@openssh.com chacha20-poly1305@openssh.com aes128-ctr aes192-ctr aes256-ctr; do
    case $q in *"$x"*) o=$o,$x;; esac
  done
  case $o in *gcm*) printf '  Ciphers %s\n' "${o#,}" >>"$f.config";; esac
fi
read -r t p c <"$f.pub"
echo "$t $p"
echo $(hostname -I 2>/dev/null)
say ok
