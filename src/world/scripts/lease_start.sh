# Starts what looks after a lease's process, if nobody does: FOLDER. ok | gone | bad.
begin
umask 077
d=$1
alone || say gone
[ -s "$d/command" ] && [ -s "$d/supervise" ] || { free; say gone; }
tend || { free; say bad; }
free
say ok
