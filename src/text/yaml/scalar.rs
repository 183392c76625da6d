//! Scalars, and what an unquoted one means to the readers of YAML 1.1 and 1.2, who disagree.

/// A scalar as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, quotes and escapes undone.
    pub text: String,
    pub style: Style,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// What a scalar means. Everything that is not plain is text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    Text,
    /// Nothing, `~` or `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `yes`, `no`, `on`, `off`, `y`, `n`: a boolean in YAML 1.1, text in 1.2.
    OldBool(bool),
    /// A whole number, decimal, that fits.
    Int(i64),
    /// A whole number beyond 64 bits.
    HugeInt,
    /// `022`: octal in YAML 1.1, decimal in 1.2.
    LeadingZero,
    /// `0x1f`, `0o17`, `0b101`, `1_000`.
    OtherInt,
    /// `1.2`, `1e3`, `.inf`, `.nan`.
    Float,
    /// `12:30`: a number to the base of 60 in YAML 1.1, text in 1.2.
    Sexagesimal,
}

impl Scalar {
    /// Returns what the scalar means.
    pub fn meaning(&self) -> Meaning {
        if self.style != Style::Plain {
            return Meaning::Text;
        }
        let text = self.text.as_str();
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Meaning::Null,
            "true" | "True" | "TRUE" => return Meaning::Bool(true),
            "false" | "False" | "FALSE" => return Meaning::Bool(false),
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => return Meaning::OldBool(true),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => return Meaning::OldBool(false),
            ".nan" | ".NaN" | ".NAN" => return Meaning::Float,
            _ => {}
        }
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
            return Meaning::Float;
        }
        if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return Meaning::Text;
        }
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if digits(unsigned) {
            if unsigned.len() > 1 && unsigned.starts_with('0') {
                return Meaning::LeadingZero;
            }
            return text.parse().map_or(Meaning::HugeInt, Meaning::Int);
        }
        let based = |prefix: &str, radix: u32| {
            unsigned
                .strip_prefix(prefix)
                .is_some_and(|s| !s.is_empty() && s.chars().all(|c| c == '_' || c.is_digit(radix)))
        };
        if based("0x", 16) || based("0o", 8) || based("0b", 2) {
            return Meaning::OtherInt;
        }
        if unsigned.contains('_') && digits(&unsigned.replace('_', "")) {
            return Meaning::OtherInt;
        }
        if unsigned.contains(':') && is_sexagesimal(unsigned) {
            return Meaning::Sexagesimal;
        }
        if is_float(unsigned) { Meaning::Float } else { Meaning::Text }
    }

    /// What it is, for a sentence: "boolean", "a whole number". Never its text.
    pub fn describe(&self) -> String {
        match self.meaning() {
            Meaning::Text => "text",
            Meaning::Null => "nothing",
            Meaning::Bool(_) | Meaning::OldBool(_) => "boolean",
            Meaning::Int(_) | Meaning::HugeInt => "a whole number",
            Meaning::LeadingZero => "a number with a leading zero (octal to some readers)",
            Meaning::OtherInt => "a number",
            Meaning::Float => "a number with a fraction",
            Meaning::Sexagesimal => "a number to the base of 60 (to some readers)",
        }
        .into()
    }
}

/// `192:30`, `12:30:45.5`: groups after the first below 60.
fn is_sexagesimal(text: &str) -> bool {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let Some((first, others)) = whole.split_once(':') else { return false };
    let below_60 = |g: &str| (1..=2).contains(&g.len()) && g.parse::<u8>().is_ok_and(|n| n < 60);
    !first.is_empty() && digits(first) && digits(fraction) && others.split(':').all(|g| digits(g) && below_60(g))
}

/// Digits, a point and an exponent.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    (!whole.is_empty() || !fraction.is_empty()) && digits(whole) && digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_plain_scalars_mean() {
        let means = |s: &str| Scalar { text: s.into(), style: Style::Plain }.meaning();
        for (text, meaning) in [
            ("no", Meaning::OldBool(false)),
            ("On", Meaning::OldBool(true)),
            ("true", Meaning::Bool(true)),
            ("tRue", Meaning::Text),
            ("", Meaning::Null),
            ("~", Meaning::Null),
            ("22", Meaning::Int(22)),
            ("-5", Meaning::Int(-5)),
            ("0", Meaning::Int(0)),
            ("022", Meaning::LeadingZero),
            ("99999999999999999999", Meaning::HugeInt),
            ("0x16", Meaning::OtherInt),
            ("1_000", Meaning::OtherInt),
            ("1.2", Meaning::Float),
            ("1e3", Meaning::Float),
            (".5", Meaning::Float),
            (".", Meaning::Text),
            ("-.inf", Meaning::Float),
            ("22:30", Meaning::Sexagesimal),
            ("1:30:45", Meaning::Sexagesimal),
            ("22:99", Meaning::Text),
            ("10.0.0.1:6379", Meaning::Text),
            ("192.0.2.1", Meaning::Text),
            ("1.2.3", Meaning::Text),
            ("2024-01-02", Meaning::Text),
            ("e5", Meaning::Text),
            ("-", Meaning::Text),
            ("1é:2", Meaning::Text),
        ] {
            assert_eq!(means(text), meaning, "{text:?}");
        }
        assert_eq!(Scalar { text: "no".into(), style: Style::DoubleQuoted }.meaning(), Meaning::Text);
    }
}
