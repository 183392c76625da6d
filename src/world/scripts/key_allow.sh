# Lets a key in: COMMENT OPTIONS KEY SECONDS LISTEN. ok | bad WHY.
begin
umask 077
gone=
place
[ -n "$h" ] && [ -d "$h" ] || say "bad there is no home folder for $u"
follow || say "bad $f is a symbolic link to a place that is not $u's"
e=f
if ! [ -d "$h/.ssh" ]; then
  mkdir -m 700 "$h/.ssh" || say "bad $h/.ssh cannot be made"
  chown "$(stat -c %u:%g "$h")" "$h/.ssh" 2>/dev/null
  e=d
elif [ -e "$f" ]; then e=n; fi
hold
forget "$1" || { free; say "bad $f cannot be written"; }
# What was made for an earlier try of the same is made for this one.
case $made in *d*) e=d;; *f*) e=f;; esac
[ -d "$h/.ssh" ] || mkdir -m 700 "$h/.ssh"
v=$( (sshd -V || /usr/sbin/sshd -V || ssh -V) 2>&1 | sed -n 's/.*OpenSSH_\([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
set -- "$1" "$2" "$3" "$4" "$5" ${v:-0 0}
o=$2
# An option that a server does not know makes it refuse the key.
knows() { [ "$1" -gt 7 ] || { [ "$1" -eq 7 ] && [ "$2" -ge "$3" ]; }; }
knows "$6" "$7" 8 && o=$o$5
if knows "$6" "$7" 7; then
  t=$(date -d "@$(($(date +%s) + $4))" +%Y%m%d%H%M 2>/dev/null) && [ -n "$t" ] && o="$o,expiry-time=\"$t\""
fi
if [ -e "$f" ]; then cp -p "$f" "$f.mig-new"; else true >"$f.mig-new"; chown "$(stat -c %u:%g "$h")" "$f.mig-new" 2>/dev/null; fi
# It stands first, so that what follows stays what it is, with or without a newline at its end.
{ printf '%s %s %s%s\n' "$o" "$3" "$1" "$e"; [ -e "$f" ] && cat "$f"; true; } >"$f.mig-new" && mv "$f.mig-new" "$f" || { rm -f "$f.mig-new"; free; say "bad $f cannot be written"; }
free
say ok
