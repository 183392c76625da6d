# The receiving side: SERVER-WORDS. It says the exit code.
begin
"$@"
say $?
