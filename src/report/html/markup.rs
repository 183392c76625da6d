//! HTML that cannot be broken by what it shows: markup is `&'static str`, everything else is escaped.

use super::super::harmless;

/// A page that is being written.
#[derive(Default)]
pub struct Markup(String);

impl Markup {
    /// Markup as it is. Its type keeps texts of a run out.
    pub fn raw(&mut self, html: &'static str) -> &mut Self {
        self.0.push_str(html);
        self
    }
    /// One line of text, also inside of a quoted attribute.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.escaped(&harmless::line(text))
    }
    /// Text with its line breaks.
    pub fn lines(&mut self, text: &str) -> &mut Self {
        self.escaped(&harmless::lines(text))
    }
    /// A number, for a place in a drawing.
    pub fn number(&mut self, n: f64) -> &mut Self {
        let n = if n.is_finite() { n } else { 0.0 };
        self.0.push_str(&format!("{n:.3}"));
        self
    }
    /// A whole number.
    pub fn count(&mut self, n: usize) -> &mut Self {
        self.0.push_str(&n.to_string());
        self
    }
    pub fn into_text(self) -> String {
        self.0
    }
    fn escaped(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut page = Markup::default();
        page.raw("<p title=\"").text("\"><script>").raw("\">").lines("a & b\n</p>'\x1b[2J").raw("</p>");
        let expected = "<p title=\"&quot;&gt;&lt;script&gt;\">a &amp; b\n&lt;/p&gt;&#39;^[[2J</p>";
        assert_eq!(page.into_text(), expected);
    }

    #[test]
    fn numbers_are_finite() {
        let mut page = Markup::default();
        page.number(12.3456).raw(" ").number(f64::NAN).raw(" ").count(7);
        assert_eq!(page.into_text(), "12.346 0.000 7");
    }
}
