//! Which commands need no shell of their own: a program and its arguments, in plain letters.
//!
//! The wrapper of a command is a shell already. What it may run itself must mean the same there as
//! in a shell of its own, which has another `$$`, other variables and no functions of ours: so no
//! quotes, no expansions, no keywords, and no builtin that looks at the shell or changes it.

/// What means something else inside the wrapper.
const SHELL: &str = ". : [ alias begin bg break builtin case command continue coproc declare do done elif else enable esac eval \
exec exit export fc fg fi for function getopts hash history if in jobs kill let local logout mapfile read readonly return say \
select set shift shopt source suspend then time times trap type typeset ulimit umask unalias unset until wait while";

/// Whether a text is one simple command in plain words.
pub fn are_plain(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@+,= ".contains(c);
    let first = text.split(' ').next().unwrap_or_default();
    let is_program = first.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/') && !first.contains('=');
    is_program && text.chars().all(is_plain) && !SHELL.split(' ').any(|w| w == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_and_plain_arguments_are() {
        for text in ["true 1", "systemctl stop 128T", "/usr/bin/x --a=b c:d/e", "mv a b"] {
            assert!(are_plain(text), "{text}");
        }
        for text in [
            "", " true", "a;b", "a | b", "a && b", "echo $$", "echo *", "a\nb", "A=1 b", "~/x", ". x", "exit 3", "if",
            "say no", "echo 'x'", "a #b", "exec x", "! a", "-x", "kill 0", "./x{a,b}", "é",
        ] {
            assert!(!are_plain(text), "{text}");
        }
    }
}
