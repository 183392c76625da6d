//! How long something took, for a person.

/// Returns a length of time in milliseconds as `0.3s`, `12.4s`, `1m20s`, `2h05m` or `3d04h`.
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => {
            // Cut, not rounded: 59.96 seconds must not read 60.0s.
            format!("{seconds}.{}s", ms % 1000 / 100)
        }
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Returns the same without tenths of seconds: for a clock that is being watched, and for budgets.
pub fn whole_duration(ms: u64) -> String {
    if ms < 60_000 { format!("{}s", ms / 1000) } else { trimmed(&duration(ms)) }
}

/// `5m00s` as people say it: `5m`.
fn trimmed(text: &str) -> String {
    for zero in ["00s", "00m", "00h"] {
        if let Some(short) = text.strip_suffix(zero) {
            return short.into();
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_short_and_exact() {
        let cases = [
            (0, "0.0s"),
            (1234, "1.2s"),
            (59_999, "59.9s"),
            (60_000, "1m00s"),
            (80_000, "1m20s"),
            (3_599_999, "59m59s"),
            (7_500_000, "2h05m"),
            (3 * 86_400_000 + 4 * 3_600_000, "3d04h"),
        ];
        for (ms, text) in cases {
            assert_eq!(duration(ms), text);
        }
        assert_eq!(duration(u64::MAX), "213503982334d14h");
    }

    #[test]
    fn a_budget_is_said_without_noughts() {
        for (ms, text) in [(300_000, "5m"), (90_000, "1m30s"), (7_200_000, "2h"), (1_900, "1s")] {
            assert_eq!(whole_duration(ms), text);
        }
    }
}
