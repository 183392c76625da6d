# Makes the folder of a run, or finds it: BASE NAME MARKER KNOWN MACHINE. KNOWN: the marker the journal has, or "-".
# ok MARKER BOOT | wiped | bad WHY.
b=$1 r=$1/$2 m=$3 known=$4 machine=$5
begin
umask 077
if [ "$known" != - ]; then
  { read -r k && read -r o; } 2>/dev/null <"$r/marker" || say wiped
  [ "$k" = "$known" ] || say wiped
else
  mkdir -p "$b" 2>/dev/null || say "bad $b cannot be made; is it read-only, or another's?"
fi
for f in "$b" "$r"; do
  [ -L "$f" ] && say "bad $f is a symbolic link"
  [ "$f" = "$r" ] && [ "$known" = - ] && ! [ -e "$r" ] && { mkdir -m 700 "$r" 2>/dev/null || [ -d "$r" ] || say "bad $r cannot be made; is the disk full, or read-only?"; }
  [ -d "$f" ] || say "bad $f is not a folder"
  [ -O "$f" ] || say "bad $f belongs to $(stat -c %U "$f"), not to $(id -un)"
done
case $(stat -c %a "$r") in 700) ;; *) say "bad $r is open to others (mode $(stat -c %a "$r"), expected 700)";; esac
if [ "$known" = - ]; then
  read -r o </proc/sys/kernel/random/boot_id
  if ! [ -s "$r/marker" ]; then
    printf '%s\n%s\n%s\n' "$m" "$o" "$machine" 2>/dev/null >"$r/marker.new" && sync "$r/marker.new" 2>/dev/null; mv "$r/marker.new" "$r/marker" 2>/dev/null
  fi
  { read -r k && read -r o; } 2>/dev/null <"$r/marker" || say "bad nothing can be written in $r; is the disk full, or read-only?"
fi
say "ok $k $o"
