//! How much data, for a person.

/// Returns a number of bytes as `512 B`, `3.4 kB`, `1.2 GB`: powers of 1000, as disks are sold.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut unit = 0;
    // Tenths of the unit, in whole numbers, so that nothing is rounded up into the next unit.
    let mut tenths = n / 100;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    let word = UNITS.get(unit).copied().unwrap_or("EB");
    if tenths >= 1000 { format!("{} {word}", tenths / 10) } else { format!("{}.{} {word}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_digit_behind_the_point_at_most() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (3_456, "3.4 kB"),
            (99_999, "99.9 kB"),
            (999_999, "999 kB"),
            (1_234_000_000, "1.2 GB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (n, text) in cases {
            assert_eq!(bytes(n), text);
        }
    }
}
