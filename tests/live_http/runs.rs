//! Whole runs through the real binary: planned, killed, resumed, rolled back.
