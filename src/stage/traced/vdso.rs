//! The clocks of the vDSO (vdso(7)), put under our time: reads of them make no system call, and none of ours would be seen.
//!
//! The functions get a jump to code of ours at the unused end of the vDSO's last page. Behind that code is the time, which the
//! tracer writes whenever it moves. The pages are private to the process; a fork copies them, an exec brings new ones.

use std::fs;

use super::memory::Memory;
use super::time::Time;
use crate::stage::sys::trace::Tid;

/// The code and its three words. Each function computes `base + now` nanoseconds.
const LENGTH: usize = 0x100;
const NOW: usize = 0xe0;
const REAL: usize = 0xe8;
const MONO: usize = 0xf0;

/// The name of a function, where ours is, and what it is.
const FUNCTIONS: [(&str, usize, &[u8]); 3] = [
    ("__vdso_clock_gettime", 0x00, &CLOCK_GETTIME),
    ("__vdso_gettimeofday", 0x60, &GETTIMEOFDAY),
    ("__vdso_time", 0xb0, &TIME),
];

#[rustfmt::skip]
const CLOCK_GETTIME: [u8; 0x4c] = [
    0x83, 0xff, 0x1f,                         //    cmp $31, %edi
    0x77, 0x14,                               //    ja 1f
    0xb8, 0x21, 0x00, 0x00, 0x00,             //    mov $(1<<REALTIME | 1<<REALTIME_COARSE), %eax
    0x0f, 0xa3, 0xf8,                         //    bt %edi, %eax
    0x72, 0x12,                               //    jc 2f
    0xb8, 0xd2, 0x00, 0x00, 0x00,             //    mov $(1<<MONOTONIC | 1<<.._RAW | 1<<.._COARSE | 1<<BOOTTIME), %eax
    0x0f, 0xa3, 0xf8,                         //    bt %edi, %eax
    0x72, 0x11,                               //    jc 3f
    0xb8, 0xe4, 0x00, 0x00, 0x00,             // 1: mov $SYS_clock_gettime, %eax
    0x0f, 0x05,                               //    syscall
    0xc3,                                     //    ret
    0x48, 0x8b, 0x05, 0xc0, 0x00, 0x00, 0x00, // 2: mov real(%rip), %rax
    0xeb, 0x07,                               //    jmp 4f
    0x48, 0x8b, 0x05, 0xbf, 0x00, 0x00, 0x00, // 3: mov mono(%rip), %rax
    0x48, 0x03, 0x05, 0xa8, 0x00, 0x00, 0x00, // 4: add now(%rip), %rax
    0x31, 0xd2,                               //    xor %edx, %edx
    0xb9, 0x00, 0xca, 0x9a, 0x3b,             //    mov $1000000000, %ecx
    0x48, 0xf7, 0xf1,                         //    div %rcx
    0x48, 0x89, 0x06,                         //    mov %rax, (%rsi)
    0x48, 0x89, 0x56, 0x08,                   //    mov %rdx, 8(%rsi)
    0x31, 0xc0,                               //    xor %eax, %eax
    0xc3,                                     //    ret
];

#[rustfmt::skip]
const GETTIMEOFDAY: [u8; 0x40] = [
    0x48, 0x85, 0xf6,                         //    test %rsi, %rsi
    0x74, 0x07,                               //    je 1f
    0x48, 0xc7, 0x06, 0x00, 0x00, 0x00, 0x00, //    movq $0, (%rsi)
    0x48, 0x85, 0xff,                         // 1: test %rdi, %rdi
    0x74, 0x2c,                               //    je 2f
    0x48, 0x8b, 0x05, 0x70, 0x00, 0x00, 0x00, //    mov real(%rip), %rax
    0x48, 0x03, 0x05, 0x61, 0x00, 0x00, 0x00, //    add now(%rip), %rax
    0x31, 0xd2,                               //    xor %edx, %edx
    0xb9, 0x00, 0xca, 0x9a, 0x3b,             //    mov $1000000000, %ecx
    0x48, 0xf7, 0xf1,                         //    div %rcx
    0x48, 0x89, 0x07,                         //    mov %rax, (%rdi)
    0x48, 0x89, 0xd0,                         //    mov %rdx, %rax
    0x31, 0xd2,                               //    xor %edx, %edx
    0xb9, 0xe8, 0x03, 0x00, 0x00,             //    mov $1000, %ecx
    0x48, 0xf7, 0xf1,                         //    div %rcx
    0x48, 0x89, 0x47, 0x08,                   //    mov %rax, 8(%rdi)
    0x31, 0xc0,                               // 2: xor %eax, %eax
    0xc3,                                     //    ret
];

#[rustfmt::skip]
const TIME: [u8; 0x21] = [
    0x48, 0x8b, 0x05, 0x31, 0x00, 0x00, 0x00, //    mov real(%rip), %rax
    0x48, 0x03, 0x05, 0x22, 0x00, 0x00, 0x00, //    add now(%rip), %rax
    0x31, 0xd2,                               //    xor %edx, %edx
    0xb9, 0x00, 0xca, 0x9a, 0x3b,             //    mov $1000000000, %ecx
    0x48, 0xf7, 0xf1,                         //    div %rcx
    0x48, 0x85, 0xff,                         //    test %rdi, %rdi
    0x74, 0x03,                               //    je 1f
    0x48, 0x89, 0x07,                         //    mov %rax, (%rdi)
    0xc3,                                     // 1: ret
];

/// Puts the clocks of a process that has just executed a program under our time. Where the word `now` is, from then on.
pub(super) fn patch(pid: Tid, memory: &Memory, time: &Time) -> Result<u64, String> {
    let (begin, image) = image(pid, memory).ok_or("the program has no vDSO")?;
    let unknown = || "the vDSO of this kernel has a form that is not known".to_owned();
    let base = image.len().checked_sub(LENGTH).ok_or_else(unknown)?;
    if image[base..].iter().any(|byte| *byte != 0) {
        return Err(unknown());
    }
    let code = code(time);
    let failed = |error| format!("the vDSO could not be written: {error}");
    memory.write(begin + base as u64, &code).map_err(failed)?;
    for (name, ours, _) in FUNCTIONS {
        let at = symbol(&image, name).ok_or_else(unknown)?;
        let jump = jump(at, base + ours).ok_or_else(unknown)?;
        memory.write(begin + at as u64, &jump).map_err(failed)?;
    }
    Ok(begin + (base + NOW) as u64)
}

fn code(time: &Time) -> [u8; LENGTH] {
    let mut code = [0; LENGTH];
    for (_, at, function) in FUNCTIONS {
        code[at..at + function.len()].copy_from_slice(function);
    }
    for (at, word) in [(NOW, time.now), (REAL, time.real), (MONO, time.mono)] {
        code[at..at + 8].copy_from_slice(&word.to_ne_bytes());
    }
    code
}

/// `jmp to`, for an instruction at `from`.
fn jump(from: usize, to: usize) -> Option<[u8; 5]> {
    let distance = i32::try_from(to.checked_sub(from + 5)?).ok()?;
    let mut jump = [0xe9, 0, 0, 0, 0];
    jump[1..].copy_from_slice(&distance.to_ne_bytes());
    Some(jump)
}

/// Where the vDSO begins, and its bytes.
fn image(pid: Tid, memory: &Memory) -> Option<(u64, Vec<u8>)> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let line = maps.lines().find(|line| line.ends_with("[vdso]"))?;
    let (begin, end) = line.split_whitespace().next()?.split_once('-')?;
    let begin = u64::from_str_radix(begin, 16).ok()?;
    let end = u64::from_str_radix(end, 16).ok()?;
    let length = usize::try_from(end - begin).ok()?;
    Some((begin, memory.read_bytes(begin, length).ok()?))
}

/// The offset of a function in an ELF image whose addresses are its offsets.
fn symbol(image: &[u8], name: &str) -> Option<usize> {
    const DYNAMIC: u32 = 2;
    const STRINGS: u64 = 5;
    const SYMBOLS: u64 = 6;
    const ENTRY: usize = 24;
    let headers = word(image, 32)?;
    let count = half(image, 56)?;
    let header = |i: usize| headers + i * 56;
    let dynamic = (0..count)
        .map(header)
        .find(|at| int(image, *at) == Some(DYNAMIC))?;
    let (begin, size) = (word(image, dynamic + 8)?, word(image, dynamic + 32)?);
    let entries = (begin..begin.checked_add(size)?).step_by(16);
    let of = |tag: u64| {
        let mut entries = entries.clone();
        let at = entries.find(|at| word(image, *at) == usize::try_from(tag).ok())?;
        word(image, at + 8)
    };
    let (strings, symbols) = (of(STRINGS)?, of(SYMBOLS)?);
    // The names stand behind the symbols.
    (symbols..strings).step_by(ENTRY).find_map(|at| {
        let own = image.get(strings + int(image, at)? as usize..)?;
        let is_it = own.starts_with(name.as_bytes()) && own.get(name.len()) == Some(&0);
        is_it.then(|| word(image, at + 8)).flatten()
    })
}

fn word(image: &[u8], at: usize) -> Option<usize> {
    let bytes = image.get(at..at.checked_add(8)?)?.try_into().ok()?;
    usize::try_from(u64::from_le_bytes(bytes)).ok()
}

fn int(image: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(
        image.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

fn half(image: &[u8], at: usize) -> Option<usize> {
    let bytes = image.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(u16::from_le_bytes(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_functions_are_found_in_our_own_and_fit() {
        let pid = std::process::id().cast_signed();
        let (_, image) = image(pid, &Memory::of(pid).unwrap()).unwrap();
        for (name, at, code) in FUNCTIONS {
            assert!(
                symbol(&image, name).is_some_and(|at| at < image.len()),
                "{name}"
            );
            assert!(at + code.len() <= NOW);
        }
        assert_eq!(symbol(&image, "__vdso_none"), None);
        assert_eq!(symbol(&image[..100], "__vdso_time"), None);
    }

    #[test]
    fn a_jump_counts_from_its_end() {
        assert_eq!(jump(0x10, 0x15), Some([0xe9, 0, 0, 0, 0]));
        assert_eq!(jump(0x10, 0x115), Some([0xe9, 0, 1, 0, 0]));
        assert_eq!(jump(0x10, 0x12), None);
    }
}
