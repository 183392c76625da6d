//! Lengths of time as a user writes them: `30s`, `5m`, `1h30m`.

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// The longest: 30 days.
const LONGEST_MS: u64 = 30 * 86_400_000;
const FORM: &str = "write a whole number and a unit (ms, s, m, h, d), such as \"30s\" or \"1h30m\"";

/// Returns the milliseconds of a text such as `1h30m`, from 1ms to 30d.
///
/// # Errors
/// Says which rule the text breaks.
pub fn parse(s: &str) -> Result<u64, String> {
    let wrong = |why: &str| Err(format!("{s:?} is not a length of time: {why}"));
    if s.is_empty() {
        return wrong(&format!("it is empty; {FORM}"));
    }
    let (mut rest, mut total, mut last) = (s, 0u64, u64::MAX);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if digits == 0 {
            return wrong(FORM);
        }
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, next) = behind.split_at(letters);
        if unit.is_empty() {
            return wrong(&format!("it has no unit; {FORM}"));
        }
        let Some((_, ms)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return wrong(&format!("{unit:?} is no unit; {FORM}"));
        };
        if *ms >= last {
            return wrong("the larger unit comes first, and each only once");
        }
        last = *ms;
        let Some(sum) = number.parse::<u64>().ok().and_then(|n| n.checked_mul(*ms)).and_then(|n| total.checked_add(n))
        else {
            return wrong("the longest is 30d");
        };
        total = sum;
        rest = next;
    }
    match total {
        0 => wrong("the shortest is 1ms"),
        n if n > LONGEST_MS => wrong("the longest is 30d"),
        n => Ok(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        let good =
            [("1ms", 1), ("3s", 3_000), ("5m", 300_000), ("1h30m", 5_400_000), ("30d", LONGEST_MS), ("1s5ms", 1_005)];
        for (text, ms) in good {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
        let bad = [
            "",
            "0s",
            "5",
            "-1s",
            "5 m",
            "1.5h",
            "31d",
            "1000000000000d",
            "99999999999999999999s",
            "m",
            "5x",
            "5m1h",
            "5m5m",
            "5m ",
            "٣s",
        ];
        for text in bad {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_missing_unit_is_named() {
        assert_eq!(
            parse("5").unwrap_err(),
            "\"5\" is not a length of time: it has no unit; write a whole number and a unit (ms, s, m, h, d), such as \"30s\" or \"1h30m\""
        );
    }
}
