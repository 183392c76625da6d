//! The drawing of a run along its time: a bar a step, a bar a deed on each host.
//!
//! Each row is a heading with a drawing below it, all on the same scale. Places are per cent of the
//! width, so the text stays as large as it is on a page of any width. Where nothing went on for long,
//! as between a stop and the resume, the axis is cut short and says so.

use super::super::duration::duration;
use super::Markup;

/// Where on the axis a time lies.
pub struct Axis {
    /// Spans in which something went on, in order, apart from each other.
    busy: Vec<(i64, i64)>,
}

/// How a bar is filled: the name of its class.
pub type Fill = &'static str;

/// One bar of a row.
pub struct Bar {
    pub from: i64,
    pub to: i64,
    pub fill: Fill,
    pub says: String,
}

/// A pause shorter than this is drawn as it is.
const PAUSE: i64 = 60_000;
/// The share of the width that a longer one gets, in per cent.
const CUT: f64 = 4.0;
/// No bar is narrower, in per cent: it could not be seen.
const NARROWEST: f64 = 0.8;

impl Axis {
    /// From the spans in which something went on. `from` and `to` are its ends.
    pub fn new(from: i64, to: i64, mut spans: Vec<(i64, i64)>) -> Axis {
        let to = to.max(from + 1);
        spans.extend([(from, from), (to, to)]);
        spans.retain(|(a, b)| *a >= from && *b <= to && a <= b);
        spans.sort_unstable();
        let mut busy: Vec<(i64, i64)> = vec![];
        for (a, b) in spans {
            match busy.last_mut() {
                Some(last) if a - last.1 < PAUSE => last.1 = last.1.max(b),
                _ => busy.push((a, b)),
            }
        }
        // A pause counts only where it is longer than what went on around it; else it is part of it.
        let whole: i64 = busy.iter().map(|(a, b)| b - a).sum();
        let mut joined: Vec<(i64, i64)> = vec![];
        for (a, b) in busy {
            match joined.last_mut() {
                Some(last) if a - last.1 < whole / 4 => last.1 = b,
                _ => joined.push((a, b)),
            }
        }
        Axis { busy: joined }
    }

    /// The pauses that were cut: where each is drawn, and how long it was.
    fn pauses(&self) -> Vec<(f64, u64)> {
        let gap = |pair: &[(i64, i64)]| (self.at(pair[0].1), (pair[1].0 - pair[0].1).unsigned_abs());
        self.busy.windows(2).map(gap).collect()
    }

    /// The place of a time, in per cent of the width.
    pub fn at(&self, time: i64) -> f64 {
        let pauses = u32::try_from(self.busy.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let cut = CUT.min(40.0 / f64::from(pauses.max(1)));
        let whole: i64 = self.busy.iter().map(|(a, b)| b - a).sum();
        let scale = (100.0 - cut * f64::from(pauses)) / (whole.max(1) as f64);
        let mut at = 0.0;
        for (n, (a, b)) in self.busy.iter().enumerate() {
            if time <= *b || n + 1 == self.busy.len() {
                // In the pause before it.
                let inside = (time - a).clamp(0, b - a);
                return (at + inside as f64 * scale).clamp(0.0, 100.0);
            }
            at += (b - a) as f64 * scale + cut;
        }
        at.clamp(0.0, 100.0)
    }

    /// The scale below the rows: when it began, the quarters, the end.
    pub fn scale(&self, page: &mut Markup) {
        page.raw("<svg class=\"axis\" width=\"100%\" height=\"18\" aria-hidden=\"true\">");
        if let [(from, to)] = self.busy[..] {
            let quarters = [(0, "start"), (1, "middle"), (2, "middle"), (3, "middle"), (4, "end")];
            for (n, anchor) in quarters {
                let ms = (to - from).unsigned_abs() / 4 * n;
                page.raw("<text y=\"13\" x=\"").number(n as f64 * 25.0).raw("%\" text-anchor=\"").text(anchor);
                page.raw("\">").text(&duration(ms)).raw("</text>");
            }
        } else {
            page.raw("<text y=\"13\" x=\"0\">0.0s</text><text y=\"13\" x=\"100%\" text-anchor=\"end\">");
            let (first, last) = (self.busy.first().map_or(0, |s| s.0), self.busy.last().map_or(0, |s| s.1));
            page.text(&duration((last - first).unsigned_abs())).raw("</text>");
        }
        page.raw("</svg>");
        for (_, length) in self.pauses() {
            page.raw("<p class=\"small\">┊ nothing went on for ").text(&duration(length));
            page.raw("; the drawing is cut short there</p>");
        }
    }

    /// One row.
    pub fn row(&self, page: &mut Markup, bars: &[Bar]) {
        page.raw("<svg class=\"row\" width=\"100%\" height=\"12\" role=\"img\">");
        page.raw("<rect class=\"back\" width=\"100%\" height=\"12\" rx=\"3\"/>");
        for quarter in [25.0, 50.0, 75.0] {
            page.raw("<line class=\"grid\" y2=\"12\" x1=\"").number(quarter).raw("%\" x2=\"").number(quarter);
            page.raw("%\"/>");
        }
        for (at, _) in self.pauses() {
            page.raw("<line class=\"pause\" y2=\"12\" x1=\"").number(at + CUT / 2.0).raw("%\" x2=\"");
            page.number(at + CUT / 2.0).raw("%\"/>");
        }
        for bar in bars {
            let width = (self.at(bar.to) - self.at(bar.from)).max(NARROWEST);
            let from = self.at(bar.from).min(100.0 - NARROWEST);
            page.raw("<rect class=\"").raw(bar.fill).raw("\" height=\"12\" rx=\"2\" x=\"").number(from);
            page.raw("%\" width=\"").number(width).raw("%\"><title>").text(&bar.says).raw("</title></rect>");
        }
        page.raw("</svg>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lie_along_the_width() {
        let axis = Axis::new(1000, 5000, vec![]);
        assert!((axis.at(1000), axis.at(3000), axis.at(5000), axis.at(9000)) == (0.0, 50.0, 100.0, 100.0));
        assert!(axis.pauses().is_empty());
    }

    #[test]
    fn a_long_pause_is_cut_short() {
        let hour = 3_600_000;
        let axis = Axis::new(0, 10 * hour + 20_000, vec![(0, 10_000), (10 * hour, 10 * hour + 20_000)]);
        assert_eq!(axis.pauses().len(), 1);
        assert!((axis.at(10_000) - 32.0).abs() < 0.01, "{}", axis.at(10_000));
        assert!((axis.at(10 * hour) - 36.0).abs() < 0.01, "{}", axis.at(10 * hour));
        assert!((axis.at(5 * hour) - 36.0).abs() < 0.01);
        assert!((axis.at(10 * hour + 20_000) - 100.0).abs() < 0.01);
    }

    #[test]
    fn a_clock_that_was_set_back_draws_nothing_outside() {
        let axis = Axis::new(5000, 1000, vec![(9000, 100)]);
        for time in [0, 1000, 5000, 9000] {
            assert!((0.0..=100.0).contains(&axis.at(time)));
        }
    }
}
