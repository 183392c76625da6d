//! Lengths of time as people write them: `250ms`, `5m`, `1h30m`, `24h`, `7d`.
//!
//! The unit is required: `5` could be five of anything.

use std::time::Duration;

/// The longest length that is believed: a year. Beyond it stands a typo.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Reads a length of time between nothing (`0s`) and a year.
///
/// # Errors
/// Names the missing unit, the wrong part or the range.
pub fn parse(text: &str) -> Result<Duration, String> {
    parse_within(text, Duration::ZERO, LONGEST)
}

/// Reads a length of time that must lie within a range, both ends included.
///
/// # Errors
/// Names the missing unit, the wrong part or the range.
pub fn parse_within(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    let wrong = |why: &str| {
        Err(format!(
            "{text:?} is not a length of time: {why}; write a number with its unit (ms, s, m, h, d), as 5m or 1h30m"
        ))
    };
    let out_of_range = || Err(format!("{text:?} is out of range: from {} to {} is possible", show(least), show(most)));
    if text.is_empty() {
        return wrong("it is empty");
    }
    if text.starts_with('-') {
        return wrong("it is negative");
    }
    let mut rest = text;
    let mut total: u64 = 0;
    let mut smallest = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        if number.is_empty() {
            return wrong("a whole number is expected before each unit");
        }
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        if unit.is_empty() && tail.is_empty() {
            return wrong("the unit is missing");
        }
        let Some((_, millis)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return wrong(&format!("{:?} is not a unit", if unit.is_empty() { tail } else { unit }));
        };
        if *millis >= smallest {
            return wrong("larger units come first, each once");
        }
        smallest = *millis;
        // Digits beyond u64 and overflowing sums are lengths beyond any range.
        let Some(sum) =
            number.parse::<u64>().ok().and_then(|n| n.checked_mul(*millis)).and_then(|n| n.checked_add(total))
        else {
            return out_of_range();
        };
        total = sum;
        rest = tail;
    }
    let length = Duration::from_millis(total);
    if length < least || length > most {
        return out_of_range();
    }
    Ok(length)
}

/// Writes a length of time as [`parse`] reads it, to the millisecond.
pub fn show(length: Duration) -> String {
    let mut rest = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, millis) in UNITS {
        if rest >= millis {
            text.push_str(&format!("{}{unit}", rest / millis));
            rest %= millis;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_of_time() {
        let millis = |s: &str| parse(s).map(|d| d.as_millis());
        assert_eq!(millis("250ms"), Ok(250));
        assert_eq!(millis("5m"), Ok(300_000));
        assert_eq!(millis("1h30m"), Ok(5_400_000));
        assert_eq!(millis("24h"), Ok(86_400_000));
        assert_eq!(millis("0s"), Ok(0));
    }

    #[test]
    fn row_34_the_unit_and_the_range_are_said() {
        let wrong = |s: &str| parse_within(s, Duration::from_secs(1), LONGEST).unwrap_err();
        assert!(wrong("5").contains("the unit is missing"), "{}", wrong("5"));
        assert!(wrong("5").contains("as 5m or 1h30m"));
        assert!(wrong("-1").contains("it is negative"));
        assert!(wrong("0s").contains("from 1s to 366d"), "{}", wrong("0s"));
        assert!(wrong("1000000000000s").contains("from 1s to 366d"));
        assert!(wrong("99999999999999999999999s").contains("from 1s to 366d"));
        assert!(wrong("5min").contains("\"min\" is not a unit"));
        assert!(wrong("5 m").contains("is not a unit"));
        assert!(wrong("1.5h").contains("is not a unit"));
        assert!(wrong("30m1h").contains("larger units come first"));
        assert!(wrong("").contains("it is empty"));
        assert!(wrong("é").contains("a whole number"));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "\\PC*") {
            let _ = parse(&text);
        }
        #[test]
        fn what_is_shown_can_be_read(millis in 0u64..366 * 86_400_000) {
            let length = Duration::from_millis(millis);
            prop_assert_eq!(parse(&show(length)), Ok(length));
        }
    }
}
