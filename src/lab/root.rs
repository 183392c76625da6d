//! The root of a lab host: its own tree, with the machine's programs mounted into it read-only.
//!
//! The tree itself becomes `/`, so whatever a command writes anywhere is in the tree. What belongs
//! to the machine cannot be written to: the lab may run as the real root.

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive, mount_remount, unmount};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// Programs of the machine: symbolic links into /usr, or folders, depending on the distribution.
const PROGRAMS: &[&str] = &["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix"];

/// Folders of the machine's /etc that programs need; shown where the tree has nothing of its own.
const OF_ETC: &[&str] = &["alternatives", "ssl", "pki", "crypto-policies", "ld.so.conf.d"];

/// Makes `host/tree` the root of this process and all its children. Needs a mount namespace of its
/// own, and a process namespace whose process 1 this is.
pub(super) fn enter(host: &Path) -> io::Result<()> {
    let root = host.join("tree");
    step("bind the tree", mount_bind(&root, &root))?;
    for name in PROGRAMS {
        programs(&root, name)?;
    }
    for name in OF_ETC {
        let (from, to) = (Path::new("/etc").join(name), root.join("etc").join(name));
        let free = !to.exists() || fs::read_dir(&to).is_ok_and(|mut entries| entries.next().is_none());
        if from.is_dir() && free {
            fs::create_dir_all(&to)?;
            read_only(&from, &to)?;
        }
    }
    proc(&root, &host.join("boot_id"))?;
    sys(&root)?;
    dev(&root)?;
    stand_ins(&root, &host.join("bin"))?;
    std::env::set_current_dir(&root)?;
    step("pivot", rustix::process::pivot_root(".", "."))?;
    step("leave the old root", unmount(".", UnmountFlags::DETACH))?;
    std::env::set_current_dir("/")
}

fn step<T>(what: &str, result: rustix::io::Result<T>) -> io::Result<T> {
    result.map_err(|e| {
        let e = io::Error::from(e);
        io::Error::new(e.kind(), format!("cannot {what}: {e}"))
    })
}

/// Shows `from` at `to`, not to be written to.
fn read_only(from: &Path, to: &Path) -> io::Result<()> {
    step(&format!("show {}", from.display()), mount_bind_recursive(from, to))?;
    lock(to)
}

/// Makes the mount at `to` read-only, keeping the flags that a user namespace may not drop.
fn lock(to: &Path) -> io::Result<()> {
    let now = step("look at a mount", statvfs(to))?.f_flag;
    let mut flags = MountFlags::BIND | MountFlags::RDONLY;
    for (has, keep) in [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
    ] {
        if now.contains(has) {
            flags |= keep;
        }
    }
    step(&format!("make {} read-only", to.display()), mount_remount(to, flags, c""))
}

fn programs(root: &Path, name: &str) -> io::Result<()> {
    let (from, to) = (Path::new("/").join(name), root.join(name));
    let Ok(about) = from.symlink_metadata() else { return Ok(()) };
    if about.is_symlink() {
        if to.symlink_metadata().is_err() {
            symlink(fs::read_link(&from)?, &to)?;
        }
        return Ok(());
    }
    fs::create_dir_all(&to)?;
    read_only(&from, &to)
}

fn proc(root: &Path, boot_id: &Path) -> io::Result<()> {
    let proc = root.join("proc");
    fs::create_dir_all(&proc)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    step("mount /proc", mount("proc", &proc, "proc", flags, c""))?;
    // Not every knob belongs to a namespace: as the real root they would turn the machine's.
    let knobs = proc.join("sys");
    step("bind /proc/sys", mount_bind(&knobs, &knobs))?;
    lock(&knobs)?;
    step("bind the boot id", mount_bind(boot_id, knobs.join("kernel/random/boot_id")))
}

fn sys(root: &Path) -> io::Result<()> {
    let sys = root.join("sys");
    fs::create_dir_all(&sys)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::RDONLY;
    if mount("sysfs", &sys, "sysfs", flags, c"").is_err() {
        // Where the machine hides parts of its own /sys, only a copy of that may be shown.
        read_only(Path::new("/sys"), &sys)?;
    }
    Ok(())
}

fn dev(root: &Path) -> io::Result<()> {
    let dev = root.join("dev");
    fs::create_dir_all(&dev)?;
    step("mount /dev", mount("tmpfs", &dev, "tmpfs", MountFlags::NOSUID, c"mode=755"))?;
    for name in ["null", "zero", "full", "random", "urandom", "tty"] {
        let at = dev.join(name);
        fs::write(&at, "")?;
        step(&format!("show /dev/{name}"), mount_bind(Path::new("/dev").join(name), &at))?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        symlink(target, dev.join(name))?;
    }
    for (name, mode) in [("shm", 0o1777), ("pts", 0o755)] {
        fs::create_dir(dev.join(name))?;
        fs::set_permissions(dev.join(name), fs::Permissions::from_mode(mode))?;
    }
    // Terminals are a convenience: where they are refused, the rest works without.
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    let _ = mount("devpts", dev.join("pts"), "devpts", flags, c"newinstance,ptmxmode=0666,mode=620");
    Ok(())
}

/// Shows the stand-ins at /lab/bin, which is first on the PATH, and over the machine's programs of
/// the same name, for those who call them by their path.
fn stand_ins(root: &Path, bin: &Path) -> io::Result<()> {
    let shown = root.join("lab/bin");
    fs::create_dir_all(&shown)?;
    read_only(bin, &shown)?;
    for entry in fs::read_dir(bin)? {
        let name = entry?.file_name();
        for folder in ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"] {
            let at = root.join(folder).join(&name);
            // Never through a link: `reboot` is one to `systemctl`, which would be hidden instead.
            if at.symlink_metadata().is_ok_and(|about| about.is_file()) {
                step(&format!("stand in for {}", at.display()), mount_bind(bin.join(&name), &at))?;
            }
        }
    }
    Ok(())
}
