//! Changes: sent once, settled, taken back.
