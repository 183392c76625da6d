# The receiving side: PIDS|- SERVER-WORDS. Notes its process in the file PIDS, so that a rollback can end it. It says the exit code.
begin
f=$1; shift
if [ "$f" = - ]; then "$@"; else sh -c 'umask 077; echo $$ >>"$0"; exec "$@"' "$f" "$@"; fi
say $?
