//! How the call at hand is written.

use super::scan::scan;
use crate::contract::Spec;
use crate::script::options;
use crate::script::verbs::VERBS;

/// The signature of the innermost call that is open at the end of the text, as it is written with
/// what stands in front of its dot already left out.
#[must_use]
pub fn hint(text: &str, table: &[Spec]) -> Option<String> {
    let spot = scan(text);
    let frame = spot.frames.iter().rev().find(|f| f.call.is_some())?;
    let name = frame.call.as_deref()?;
    if let Some(verb) = VERBS.iter().find(|v| v.name == name) {
        return Some(verb.usage.into());
    }
    let spec = table.iter().find(|s| s.name == name)?;
    let mut words: Vec<&str> = spec.positional.to_vec();
    if frame.receiver.is_some() && !words.is_empty() {
        words.remove(0);
    }
    let known = options::of(spec);
    let keys: Vec<&str> = known.iter().map(|o| o.name.as_str()).collect();
    let options = if keys.is_empty() { String::new() } else { format!("#{{ {} }}", keys.join(", ")) };
    words.extend((!options.is_empty()).then_some(options.as_str()));
    Some(format!("{name}({})", words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::calls::tests::TABLE;

    #[test]
    fn the_signature_of_the_call_at_hand_is_told() {
        assert_eq!(hint("dest.ssh(", TABLE).as_deref(), Some("ssh(command, #{ undo })"));
        assert_eq!(hint("ssh(dest, \"x\", #{ ", TABLE).as_deref(), Some("ssh(host, command, #{ undo })"));
        assert!(hint("step(\"x\", ", TABLE).unwrap().starts_with("step(\"title\""));
        assert_eq!(hint("dest.ssh(\"x\")", TABLE), None);
        assert_eq!(hint("nothing(", TABLE), None);
    }
}
