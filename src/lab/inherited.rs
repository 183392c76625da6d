//! Descriptors that this process was given by whoever started it.
//!
//! A lab outlives its `mig`. Were it to keep a lock or a pipe of the shell that started `mig`, that
//! shell would wait for the lab.

use rustix::io::{FdFlags, fcntl_setfd};
use std::os::fd::BorrowedFd;

/// Keeps every descriptor beyond the standard three from programs that are started from now on.
/// Those that this process opened itself are so already.
pub(super) fn keep_from_children() {
    for entry in std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten() {
        let Some(number @ 3..) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        #[expect(unsafe_code, reason = "there is no safe way to name a descriptor that was inherited")]
        // SAFETY: the descriptor was listed as open a moment ago, is borrowed for this one call, and
        // is neither read, written nor closed. Should another thread have closed it, the call fails;
        // should it have been opened anew, it gets the flag that std gives all it opens.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = fcntl_setfd(fd, FdFlags::CLOEXEC);
    }
}
