//! The options map of a verb, and its text arguments.

use super::VERBS;
use crate::contract::{Failure, Halt, Outcome, Stop, failed};
use crate::name::HostName;
use crate::script::host::Host;
use crate::script::lower::words;
use crate::script::unknown::Unknown;
use crate::text::duration;
use crate::text::nearest::nearest;
use rhai::{Dynamic, FnPtr, Map};
use std::time::Duration;

/// The options of one call, checked against what the verb knows.
pub struct Options {
    verb: &'static str,
    map: Map,
}

impl Options {
    /// # Errors
    /// When it is no map, or has a key that the verb does not know.
    pub fn of(verb: &'static str, v: &Dynamic) -> Outcome<Self> {
        let v = known(v)?;
        let Some(map) = v.read_lock::<Map>().map(|m| m.clone()) else {
            return failed(format!("{verb}: options must be a map, as #{{ ... }}, found {}", words(&v)));
        };
        let options = VERBS.iter().find(|v| v.name == verb).map_or(&[][..], |v| v.options);
        for key in map.keys() {
            if !options.iter().any(|(name, _)| *name == key.as_str()) {
                let near = nearest(key, options.iter().map(|(name, _)| *name));
                return Err(unknown_option(verb, key, near, options).into());
            }
        }
        Ok(Options { verb, map })
    }
    pub fn none(verb: &'static str) -> Self {
        Options { verb, map: Map::new() }
    }
    fn get(&self, name: &str) -> Outcome<Option<Dynamic>> {
        match self.map.get(name) {
            Some(v) if !v.is_unit() => known(v).map(Some),
            _ => Ok(None),
        }
    }

    /// A length of time in milliseconds.
    pub fn time(&self, name: &str, or: Duration, least: Duration) -> Outcome<u64> {
        let length = match self.get(name)? {
            None => or,
            Some(v) => {
                let text = match v.clone().into_immutable_string() {
                    Ok(text) => text,
                    Err(_) => {
                        return failed(format!("{}: {name} must be text as \"5m\", found {}", self.verb, words(&v)));
                    }
                };
                duration::parse_within(&text, least, duration::LONGEST)
                    .or_else(|why| failed(format!("{}: {name}: {why}", self.verb)))?
            }
        };
        Ok(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
    }
    /// A whole number that is not negative.
    pub fn count(&self, name: &str, or: usize, least: usize) -> Outcome<usize> {
        let Some(v) = self.get(name)? else { return Ok(or) };
        match v.as_int().ok().and_then(|n| usize::try_from(n).ok()) {
            Some(n) if n >= least => Ok(n),
            _ => failed(format!("{}: {name} must be a whole number from {least} on, found {}", self.verb, words(&v))),
        }
    }
    pub fn text(&self, name: &str) -> Outcome<Option<String>> {
        self.get(name)?.map(|v| text(self.verb, name, &v)).transpose()
    }
    pub fn host(&self, name: &str) -> Outcome<Option<HostName>> {
        let Some(v) = self.get(name)? else { return Ok(None) };
        match v.read_lock::<Host>().and_then(|h| HostName::parse(&h.name).ok()) {
            Some(host) => Ok(Some(host)),
            None => failed(format!("{}: {name} must be a host, found {}", self.verb, words(&v))),
        }
    }
    pub fn closure(&self, name: &str) -> Outcome<Option<FnPtr>> {
        let Some(v) = self.get(name)? else { return Ok(None) };
        closure(self.verb, name, &v).map(Some)
    }
}

/// "rsync: option "excludes" unknown; did you mean exclude (list of text)?"
pub fn unknown_option(verb: &str, key: &str, near: Option<&str>, options: &[(&str, &str)]) -> Failure {
    let says = |name: &str| options.iter().find(|(n, _)| *n == name).map_or("", |(_, what)| *what);
    let mut f = Failure::new(format!("{verb}: option {key:?} is unknown"));
    if let Some(near) = near {
        f.message += &format!("; did you mean {near} ({})?", says(near));
    }
    let names: Vec<&str> = options.iter().map(|(name, _)| *name).collect();
    f.hint(if names.is_empty() { format!("{verb} has no options") } else { format!("options: {}", names.join(", ")) })
}

/// A text argument.
pub fn text(verb: &str, what: &str, v: &Dynamic) -> Outcome<String> {
    let v = known(v)?;
    match v.clone().into_immutable_string() {
        Ok(s) => Ok(s.to_string()),
        Err(_) => failed(format!("{verb}: {what} must be text, found {}", words(&v))),
    }
}

/// A closure argument.
pub fn closure(verb: &str, what: &str, v: &Dynamic) -> Outcome<FnPtr> {
    let v = known(v)?;
    match v.read_lock::<FnPtr>().map(|f| f.clone()) {
        Some(f) => Ok(f),
        None => failed(format!("{verb}: {what} must be a closure, as || {{ ... }}, found {}", words(&v))),
    }
}

/// The value, or the stop of looking at one that only a run can give.
pub fn known(v: &Dynamic) -> Outcome<Dynamic> {
    let v = v.flatten_clone();
    if let Some(u) = v.read_lock::<Unknown>() {
        return Err(Halt::Stop(Stop::OnlyARun(u.why.clone())));
    }
    Ok(v)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Outcome<Options> {
        Options::of("wait_until", &rhai::Engine::new().eval::<Dynamic>(text).unwrap())
    }
    fn message<T>(o: Outcome<T>) -> String {
        match o {
            Err(Halt::Failed(f)) => f.message,
            _ => String::new(),
        }
    }

    #[test]
    fn an_unknown_option_is_named() {
        let said = message(options("#{ timout: \"5m\" }"));
        assert_eq!(
            said,
            "wait_until: option \"timout\" is unknown; did you mean timeout (a length of time (\"10m\"))?"
        );
        assert!(message(options("5")).contains("options must be a map, as #{ ... }, found int 5"));
    }

    #[test]
    fn row_34_times_of_a_wait_have_a_unit_and_a_range() {
        let time = |text: &str| options(text).unwrap().time("every", Duration::from_secs(5), Duration::from_millis(1));
        assert_eq!(time("#{ every: \"1m\" }"), Ok(60_000));
        assert_eq!(time("#{ }"), Ok(5000));
        assert!(message(time("#{ every: 5 }")).contains("every must be text as \"5m\", found int 5"));
        assert!(message(time("#{ every: \"5\" }")).contains("the unit is missing"));
        assert!(message(time("#{ every: \"0s\" }")).contains("out of range"));
        assert!(message(time("#{ every: \"-1s\" }")).contains("negative"));
    }
}
