//! System calls for the time after the fork: async-signal-safe, no allocation, no locks, no panics.

use std::ffi::{CStr, c_char};

use nix::libc;

/// close_range(2), Linux 5.9. Called by number, since older C libraries have no wrapper.
///
/// # Safety
/// Nothing of this process uses the descriptors any more.
pub(super) unsafe fn close_range(first: u32, last: u32, flags: u32) {
    if first <= last {
        // SAFETY: no pointers.
        unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    }
}

/// Ends the process without running anything of the harness's.
pub(super) fn exit(code: libc::c_int) -> ! {
    // SAFETY: no pointers.
    unsafe { libc::_exit(code) }
}

/// Gives the bytes of a file, piece by piece. Nothing if it cannot be opened.
pub(super) fn read_file(path: &CStr, mut f: impl FnMut(&[u8])) {
    let mut buffer = [0_u8; 1024];
    // SAFETY: the path ends with a NUL, the buffer is valid for its length.
    unsafe {
        let file = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if file < 0 {
            return;
        }
        while let Ok(n @ 1..) =
            usize::try_from(libc::read(file, buffer.as_mut_ptr().cast(), buffer.len()))
        {
            f(&buffer[..n]);
        }
        libc::close(file);
    }
}

/// How deep a tree of directories may be that is removed from within the reaper.
const DEPTH: usize = 32;

/// Removes a directory and what is in it, as far as possible.
///
/// # Safety
/// `path` is a string.
pub(super) unsafe fn remove_directory(path: *const c_char) {
    // SAFETY: the path is a string, as promised.
    unsafe {
        if libc::rmdir(path) == 0 {
            return;
        }
        let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        libc::chmod(path, 0o700);
        let directory = libc::open(path, flags);
        if directory >= 0 {
            empty(directory, DEPTH);
            libc::close(directory);
            libc::rmdir(path);
        }
    }
}

/// Removes what is in a directory.
fn empty(directory: libc::c_int, depth: usize) {
    while remove_some(directory, depth) {
        // SAFETY: no pointers.
        unsafe { libc::lseek(directory, 0, libc::SEEK_SET) };
    }
}

/// Removes what one read of the directory shows. False if nothing of it could be removed.
fn remove_some(directory: libc::c_int, depth: usize) -> bool {
    let mut buffer = [0_u64; 128];
    // SAFETY: the buffer is valid for its length.
    let read = unsafe {
        libc::syscall(
            libc::SYS_getdents64,
            directory,
            buffer.as_mut_ptr(),
            size_of_val(&buffer),
        )
    };
    let Ok(read @ 1..) = usize::try_from(read) else {
        return false;
    };
    let base: *const u8 = buffer.as_ptr().cast();
    let (mut at, mut removed) = (0, false);
    while at < read {
        // SAFETY: the kernel fills in whole entries, `struct linux_dirent64`: after inode and offset, 8 bytes each, come the
        // length of the entry, its type and its name.
        unsafe {
            let entry = base.wrapping_add(at);
            let length = entry.wrapping_add(16).cast::<u16>().read_unaligned();
            let name: *const c_char = entry.wrapping_add(19).cast();
            let dots = CStr::from_ptr(name);
            if dots != c"." && dots != c".." {
                removed |= remove_entry(directory, name, depth);
            }
            at = at.wrapping_add(usize::from(length));
        }
    }
    removed
}

unsafe fn remove_entry(directory: libc::c_int, name: *const c_char, depth: usize) -> bool {
    // SAFETY: the name is a string.
    unsafe {
        if libc::unlinkat(directory, name, 0) == 0 {
            return true;
        }
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        libc::fchmodat(directory, name, 0o700, 0);
        let inner = libc::openat(directory, name, flags);
        if inner >= 0 {
            empty(inner, depth);
            libc::close(inner);
        }
        libc::unlinkat(directory, name, libc::AT_REMOVEDIR) == 0
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_directory_is_removed_with_all_that_is_in_it_and_nothing_else() {
        let around = tempfile::tempdir().unwrap();
        let (kept, gone) = (around.path().join("kept"), around.path().join("gone"));
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "").unwrap();
        fs::create_dir_all(gone.join("a/b/c")).unwrap();
        for i in 0..200 {
            fs::write(
                gone.join(format!("a/a long name, so that there are many reads {i}")),
                "",
            )
            .unwrap();
        }
        symlink(&kept, gone.join("a/b/link")).unwrap();
        fs::set_permissions(gone.join("a/b"), fs::Permissions::from_mode(0o500)).unwrap();
        let path = CString::new(gone.as_os_str().as_bytes()).unwrap();
        // SAFETY: it is a string.
        unsafe { super::remove_directory(path.as_ptr()) };
        assert!(!gone.exists());
        assert!(kept.join("file").exists());
        // SAFETY: it is a string. What is not there needs no removal.
        unsafe { super::remove_directory(path.as_ptr()) };
    }
}
