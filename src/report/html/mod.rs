//! One run as one page for a browser: nothing to load, nothing that runs, readable on a phone.
//!
//! Deliberately not here: the file it is written to. Whatever is not markup of this room goes through
//! [`Markup::text`], which escapes it; what stands between is `&'static str` by type.

mod call;
mod chart;
mod markup;
mod page;

pub use page::html;

use markup::Markup;
