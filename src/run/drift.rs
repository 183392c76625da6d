//! Drift: the playbook does not ask for what the journal has. Both are shown.

use crate::journal::Key;

/// The recorded call and the one that stands in its place.
pub fn difference(was: &Key, now: &Key) -> String {
    let renamed =
        was.path.len() == now.path.len() && (was.number, &was.name, &was.args) == (now.number, &now.name, &now.args);
    let titles = was.path.iter().zip(&now.path).find(|(a, b)| a != b);
    match titles {
        Some((a, b)) if renamed => {
            format!("the step \"{a}\" is now called \"{b}\"; its first recorded call is the same otherwise: {now}")
        }
        _ => format!("the run had made\n    {was}\n  the playbook now asks for\n    {now}"),
    }
}

/// A recorded call that nobody asks for any more.
pub fn no_longer(was: &Key) -> String {
    format!("the run had made\n    {was}\n  which the playbook no longer asks for")
}
