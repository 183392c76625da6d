//! How many files this process may open, and at how many hosts it can work with so many.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A channel takes four, and a host may have two open (a command, and a look at its output);
/// while a connection is made, ssh is a child with pipes.
const FOR_A_HOST: u64 = 12;
/// The journal, the terminal, the runtime.
const FOR_US: u64 = 64;

/// Many hosts at once need more than the usual 1024: takes as many as there may be.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// At how many hosts it can work at a time with the files it may open now.
pub fn hosts_at_once() -> usize {
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, hosts_with)
}

fn hosts_with(files: u64) -> usize {
    usize::try_from(files.saturating_sub(FOR_US) / FOR_A_HOST).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_mean_few_hosts_at_a_time() {
        assert_eq!([10, 100, 1024, 20_000].map(hosts_with), [1, 3, 80, 1661]);
    }
}
