# Gives what was noted and kept of a copy, each name ended by NUL, each list by one more:
# KEPT AT folder|file. For each pass: its place, what it made, what it sent, what it touched, what it kept;
# then a place "-", what looks like a torn file now, and what did so before. nothing | ok.
begin
k=$1 at=$2
[ -e "$k/ready" ] || say nothing
end() { printf '\0'; }
for d in "$k"/[0-9][0-9][0-9][0-9]; do
  [ -d "$d" ] || continue
  printf '%s\0' "${d##*/}"
  # An older mig noted the two lists in a file each.
  if [ -e "$d/names" ]; then cat "$d/names"
  else for f in made sent; do [ -e "$d/$f" ] && cat "$d/$f"; end; done; fi
  [ -e "$d/touched" ] && cat "$d/touched"; end
  [ -d "$d/old" ] && (cd "$d/old" && find . ! -type d -print0); end
done
printf -- '-\0'
if [ "$3" = folder ] && [ -d "$at" ]; then (cd "$at" && find . -name '.*.??????' -type f -print0)
elif [ "$3" = file ]; then (cd "${at%/*}/" && find . -maxdepth 1 -name ".${at##*/}.??????" -type f -print0); fi; end
[ -e "$k/odd" ] && cat "$k/odd"; end
say ok
