//! From copies of stacks to the calls that are on them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{FrameAddress, Unwinder};

use super::Copy;
use super::elf::{Bytes, Names};
use super::files::Files;
use super::maps::{Mapping, around};
use crate::record::Frame;
use crate::stage::sys::{self, Snapshot};

/// So many calls of a stack are told, those that were inlined not counted.
const DEPTH: usize = 64;

/// The stacks of a process, by thread. What is not read by the deadline has no names.
pub(super) fn stacks(copy: Copy, deadline: Duration) -> HashMap<u32, Vec<Frame>> {
    let mut process = Unwinding {
        mappings: copy.mappings,
        files: copy.files,
        unwinder: UnwinderX86_64::new(),
        cache: CacheX86_64::new(),
        code: BTreeMap::new(),
        known: HashSet::new(),
    };
    let threads = copy.threads.into_iter();
    let addresses: Vec<(u32, Vec<u64>)> = threads
        .map(|(tid, seen)| (tid, process.unwind(&seen)))
        .collect();
    let mut namer = Namer::new(&process, deadline);
    let named = addresses.into_iter().map(|(tid, addresses)| {
        let frames = addresses
            .into_iter()
            .flat_map(|address| namer.frames(address))
            .collect();
        (tid, frames)
    });
    named.collect()
}

struct Unwinding {
    mappings: Vec<Mapping>,
    files: Files,
    unwinder: UnwinderX86_64<Bytes>,
    cache: CacheX86_64,
    /// What came up: a file, and what is added to its addresses, by the start of its mapping.
    code: BTreeMap<u64, (Bytes, u64)>,
    /// The mappings that were looked at.
    known: HashSet<u64>,
}

impl Unwinding {
    /// The addresses of the calls, the innermost first. Of all but that one, it is inside of the call, not behind it.
    fn unwind(&mut self, seen: &Snapshot) -> Vec<u64> {
        let mut registers = UnwindRegsX86_64::new(seen.instruction, seen.stack, seen.frame);
        let mut address = FrameAddress::from_instruction_pointer(seen.instruction);
        let mut addresses = Vec::new();
        let mut read = |address: u64| word(seen, address).ok_or(());
        while addresses.len() < DEPTH {
            addresses.push(address.address_for_lookup());
            self.learn(address.address_for_lookup());
            let returns_to =
                self.unwinder
                    .unwind_frame(address, &mut registers, &mut self.cache, &mut read);
            // Where it cannot be told how it goes on, the stack ends.
            let next = returns_to
                .ok()
                .flatten()
                .and_then(FrameAddress::from_return_address);
            match next.filter(|next| self.is_code(next.address_for_lookup())) {
                Some(next) => address = next,
                None => break,
            }
        }
        addresses
    }

    fn is_code(&self, address: u64) -> bool {
        around(&self.mappings, address).is_some_and(|mapping| mapping.is_code)
    }

    /// Makes the code around an address known to the unwinder.
    fn learn(&mut self, address: u64) {
        let Some(mapping) = around(&self.mappings, address) else {
            return;
        };
        let start = mapping.range.start;
        if !self.known.insert(start) {
            return;
        }
        let Some(bytes) = self.files.read(start) else {
            return;
        };
        let Some(bias) = bytes.bias(mapping.offset, start) else {
            return;
        };
        let module = bytes.module(
            mapping.name().unwrap_or_default(),
            mapping.range.clone(),
            bias,
        );
        if let Some(module) = module {
            self.unwinder.add_module(module);
        }
        self.code.insert(start, (bytes, bias));
    }
}

/// Eight bytes of a stack.
fn word(seen: &Snapshot, address: u64) -> Option<u64> {
    let at = usize::try_from(address.checked_sub(seen.stack)?).ok()?;
    let bytes = seen.bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_ne_bytes(bytes.try_into().ok()?))
}

/// Finds the names of functions.
struct Namer<'a> {
    process: &'a Unwinding,
    deadline: Duration,
    /// By the start of the mapping.
    names: HashMap<u64, Option<Names<'a>>>,
    /// The same calls are on many stacks.
    found: HashMap<u64, Vec<Frame>>,
}

impl<'a> Namer<'a> {
    fn new(process: &'a Unwinding, deadline: Duration) -> Self {
        Self {
            process,
            deadline,
            names: HashMap::new(),
            found: HashMap::new(),
        }
    }

    fn frames(&mut self, address: u64) -> Vec<Frame> {
        if let Some(frames) = self.found.get(&address) {
            return frames.clone();
        }
        let frames = self.find(address);
        self.found.insert(address, frames.clone());
        frames
    }

    fn find(&mut self, address: u64) -> Vec<Frame> {
        let process = self.process;
        let mapping = around(&process.mappings, address);
        let name = mapping.and_then(Mapping::name);
        let code =
            mapping.and_then(|mapping| Some((mapping, process.code.get(&mapping.range.start)?)));
        let Some((mapping, (bytes, bias))) = code else {
            return vec![Frame::new(name, address)];
        };
        let own = address.wrapping_sub(*bias);
        let plain = Frame::new(name, own);
        if sys::now() >= self.deadline {
            return vec![plain];
        }
        let names = self
            .names
            .entry(mapping.range.start)
            .or_insert_with(|| bytes.names());
        names
            .as_ref()
            .map_or_else(|| vec![plain.clone()], |names| names.frames(own, &plain))
    }
}
