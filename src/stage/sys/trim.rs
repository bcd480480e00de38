//! Gives back the memory that a reaper has from the harness and does not need.
//!
//! A reaper is forked from a harness that may be large. While it lives, each page that the harness writes to would be there
//! twice; and the kernel would count the harness's memory as the subject's peak, since that of a process begins with what was
//! resident before its exec.
//!
//! What is dropped reads as zeros afterwards. So only large anonymous mappings are: not the stack that we run on, not
//! what the C library keeps for this thread, not the variables of programs and libraries.

use std::ops::Range;

use nix::libc;

use super::raw::read_file;

/// Smaller mappings stay: there is little to gain, and the loader's own are among them.
const LARGE: usize = 1 << 20;
/// What stays on both sides of an address that is in use.
const AROUND: usize = 128 * 1024;

/// Drops what is not needed, and has the kernel forget the peak.
///
/// # Safety
/// This process has one thread, which does nothing any more but the life of a reaper.
pub(super) unsafe fn drop_memory() {
    let here = 0_u8;
    // SAFETY: both give addresses of what this thread has of the C library.
    let (errno, thread) = unsafe {
        (
            libc::__errno_location() as usize,
            libc::pthread_self() as usize,
        )
    };
    let kept = [
        around(&raw const here as usize, &raw const here as usize),
        around(errno.min(thread), errno.max(thread)),
    ];
    let mut maps = Maps::new();
    read_file(c"/proc/self/maps", |bytes| {
        for byte in bytes {
            if let Some(range) = maps.next(*byte) {
                drop_range(range, &kept);
            }
        }
    });
    forget_peak();
}

fn around(first: usize, last: usize) -> Range<usize> {
    let page = AROUND.wrapping_sub(1);
    (first.saturating_sub(AROUND) & !page)..(last.saturating_add(2 * AROUND) & !page)
}

fn drop_range(range: Range<usize>, kept: &[Range<usize>; 2]) {
    let [a, b] = kept;
    let (low, high) = if a.start <= b.start { (a, b) } else { (b, a) };
    let gaps = [
        range.start..range.end.min(low.start),
        range.start.max(low.end)..range.end.min(high.start),
        range.start.max(low.end).max(high.end)..range.end,
    ];
    for gap in gaps {
        if gap.start < gap.end {
            // SAFETY: a part of a private anonymous mapping that nothing of a reaper's life is in.
            unsafe {
                let length = gap.end.wrapping_sub(gap.start);
                libc::madvise(gap.start as *mut libc::c_void, length, libc::MADV_DONTNEED)
            };
        }
    }
}

/// The peak becomes what is resident now: proc_pid_clear_refs(5).
fn forget_peak() {
    // SAFETY: static strings, and their lengths.
    unsafe {
        let file = libc::open(
            c"/proc/self/clear_refs".as_ptr(),
            libc::O_WRONLY | libc::O_CLOEXEC,
        );
        if file >= 0 {
            libc::write(file, c"5".as_ptr().cast(), 1);
            libc::close(file);
        }
    }
}

/// Reads `/proc/self/maps` byte by byte: `start-end perms offset device inode   name`.
struct Maps {
    field: usize,
    in_field: bool,
    start: usize,
    end: usize,
    permissions: [u8; 4],
    at: usize,
    name: [u8; 6],
    name_length: usize,
    /// Where the last mapping of a file ended: what follows at once without a name are its variables.
    file_end: usize,
}

impl Maps {
    fn new() -> Self {
        Self {
            field: 0,
            in_field: false,
            start: 0,
            end: 0,
            permissions: [0; 4],
            at: 0,
            name: [0; 6],
            name_length: 0,
            file_end: 0,
        }
    }

    /// A mapping that may be dropped, where one ends with this byte.
    fn next(&mut self, byte: u8) -> Option<Range<usize>> {
        match byte {
            b'\n' => {
                let found = self.found();
                *self = Self {
                    file_end: self.file_end,
                    ..Self::new()
                };
                return found;
            }
            b' ' => {
                // The name may contain spaces, and is the last.
                self.field = self
                    .field
                    .wrapping_add(usize::from(self.in_field && self.field < 5));
                self.in_field = false;
            }
            _ => {
                self.in_field = true;
                self.take(byte);
            }
        }
        None
    }

    fn take(&mut self, byte: u8) {
        match self.field {
            0 if byte == b'-' => self.start = std::mem::take(&mut self.end),
            0 => {
                let digit = match byte {
                    b'a'..=b'f' => byte.wrapping_sub(b'a').wrapping_add(10),
                    _ => byte.wrapping_sub(b'0'),
                };
                self.end = self.end.wrapping_mul(16).wrapping_add(usize::from(digit));
            }
            1 => {
                if let Some(place) = self.permissions.get_mut(self.at) {
                    *place = byte;
                }
                self.at = self.at.wrapping_add(1);
            }
            5 => {
                if let Some(place) = self.name.get_mut(self.name_length) {
                    *place = byte;
                }
                self.name_length = self.name_length.wrapping_add(1);
            }
            _ => {}
        }
    }

    fn found(&mut self) -> Option<Range<usize>> {
        let is_file = self.name[0] == b'/';
        let anonymous = match &self.name {
            b"[heap]" | b"[anon:" => true,
            _ => self.name_length == 0,
        };
        let variables = self.start == self.file_end;
        if is_file || (variables && anonymous) {
            self.file_end = self.end;
        }
        let large = self.end.wrapping_sub(self.start) >= LARGE;
        let private = self.permissions[1] == b'w' && self.permissions[3] == b'p';
        (anonymous && private && large && !variables).then_some(self.start..self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, usize)> {
        let mut maps = Maps::new();
        text.bytes()
            .filter_map(|byte| maps.next(byte))
            .map(|range| (range.start, range.end))
            .collect()
    }

    #[test]
    fn large_anonymous_memory_may_go() {
        let text = "\
55d0a0000000-55d0a0400000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0001000000 rw-p 00000000 00:00 0 
7f0002000000-7f0002800000 rw-p 00000000 00:00 0                          [anon: glibc: malloc arena]
";
        assert_eq!(
            found(text),
            [
                (0x55d0_a000_0000, 0x55d0_a040_0000),
                (0x7f00_0000_0000, 0x7f00_0100_0000),
                (0x7f00_0200_0000, 0x7f00_0280_0000),
            ]
        );
    }

    #[test]
    fn all_else_stays() {
        for line in [
            "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 ",
            "7f0000000000-7f0001000000 ---p 00000000 00:00 0 ",
            "7f0000000000-7f0001000000 rw-s 00000000 00:00 0 ",
            "7f0000000000-7f0001000000 rw-p 00000000 08:01 12                         /a file",
            "7f0000000000-7f0001000000 rw-p 00000000 00:00 0                          [stack]",
            "7f0000000000-7f0000010000 rw-p 00001000 08:01 12                         /program\n\
             7f0000010000-7f0001000000 rw-p 00000000 00:00 0 ",
        ] {
            assert_eq!(found(&format!("{line}\n")), [], "{line}");
        }
    }
}
