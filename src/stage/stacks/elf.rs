//! A program or library: what unwinding needs of it, and the names of its functions.

use std::borrow::Cow;
use std::ops::{Deref, Range};
use std::sync::Arc;

use addr2line::Context;
use addr2line::gimli::{self, EndianSlice, LittleEndian};
use framehop::{ExplicitModuleSectionInfo, Module};
use object::elf::{PF_X, PT_LOAD};
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{CompressionFormat, Endianness, Object, ObjectSection, ObjectSymbol, SymbolKind};

use crate::record::Frame;

/// The bytes of a file, or a part of them.
#[derive(Clone, Default)]
pub(super) struct Bytes {
    whole: Arc<Vec<u8>>,
    part: Range<usize>,
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let part = 0..bytes.len();
        let whole = Arc::new(bytes);
        Self { whole, part }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.whole[self.part.clone()]
    }
}

impl Bytes {
    fn part(&self, offset: u64, size: u64) -> Option<Self> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        (end <= self.whole.len()).then(|| Self {
            whole: Arc::clone(&self.whole),
            part: start..end,
        })
    }

    fn elf(&self) -> Option<ElfFile64<'_, Endianness>> {
        ElfFile64::parse(&**self).ok()
    }

    /// What is added to the file's own addresses where the part of it at `offset` is mapped at `start`.
    pub(super) fn bias(&self, offset: u64, start: u64) -> Option<u64> {
        let elf = self.elf()?;
        let endian = elf.endian();
        // Two segments may share a page of the file; only what is code is looked at here.
        let is_code = |header: &&_| {
            let flags = ProgramHeader::p_flags(*header, endian);
            ProgramHeader::p_type(*header, endian) == PT_LOAD && flags & PF_X != 0
        };
        let mut loaded = elf.elf_program_headers().iter().filter(is_code);
        let header = loaded.find(|header| {
            let (begin, size) = header.file_range(endian);
            // What is mapped begins with a page.
            (begin & !0xfff..begin + size).contains(&offset)
        })?;
        let own = header
            .p_vaddr(endian)
            .wrapping_add(offset)
            .wrapping_sub(header.p_offset(endian));
        Some(start.wrapping_sub(own))
    }

    /// The module as the unwinder wants it, where it is mapped with this bias.
    pub(super) fn module(
        &self,
        name: String,
        mapped: Range<u64>,
        bias: u64,
    ) -> Option<Module<Self>> {
        let elf = self.elf()?;
        let section = |name| {
            let section = elf.section_by_name(name)?;
            let (offset, size) = section.file_range()?;
            let range = section.address()..section.address() + section.size();
            Some((range, self.part(offset, size)?))
        };
        let parts =
            |name| section(name).map_or((None, None), |(range, part)| (Some(range), Some(part)));
        let (text_svma, text) = parts(".text");
        let (eh_frame_svma, eh_frame) = parts(".eh_frame");
        let (eh_frame_hdr_svma, eh_frame_hdr) = parts(".eh_frame_hdr");
        let info = ExplicitModuleSectionInfo {
            text_svma,
            text,
            got_svma: parts(".got").0,
            eh_frame_svma,
            eh_frame,
            eh_frame_hdr_svma,
            eh_frame_hdr,
            debug_frame: parts(".debug_frame").1,
            ..Default::default()
        };
        Some(Module::new(name, mapped, bias, info))
    }

    pub(super) fn names(&self) -> Option<Names<'_>> {
        let elf = self.elf()?;
        Some(Names {
            context: self.context(&elf),
            symbols: symbols(&elf),
        })
    }

    /// Nothing is read here yet, but for an index.
    fn context(&self, elf: &ElfFile64<'_, Endianness>) -> Option<Context<Reader<'_>>> {
        let section = |id: gimli::SectionId| {
            let section = elf.section_by_name(id.name());
            let range = section.and_then(|section| section.compressed_file_range().ok());
            // What is compressed is left out.
            let plain = range.filter(|range| range.format == CompressionFormat::None);
            let part = plain.and_then(|range| {
                let start = usize::try_from(range.offset).ok()?;
                let size = usize::try_from(range.uncompressed_size).ok()?;
                self.get(start..start.checked_add(size)?)
            });
            Ok::<_, gimli::Error>(EndianSlice::new(part.unwrap_or_default(), LittleEndian))
        };
        Context::from_dwarf(gimli::Dwarf::load(section).ok()?).ok()
    }
}

type Reader<'a> = EndianSlice<'a, LittleEndian>;

/// The names of the functions in a file.
pub(super) struct Names<'a> {
    context: Option<Context<Reader<'a>>>,
    symbols: Vec<(Range<u64>, &'a str)>,
}

impl Names<'_> {
    /// The call at an address of the file, and the calls that were inlined into it, the innermost first. `plain` is what is known
    /// without names.
    pub(super) fn frames(&self, address: u64, plain: &Frame) -> Vec<Frame> {
        let mut frames = self.debugged(address, plain);
        if frames.is_empty() {
            frames.push(plain.clone());
        }
        // What all the others were inlined into has a symbol; debug information of lines alone does not name it.
        if let Some(outermost) = frames.last_mut().filter(|frame| frame.function.is_none()) {
            let symbol = self.symbol(address);
            outermost.function =
                symbol.map(|name| addr2line::demangle_auto(name.into(), None).into_owned());
        }
        frames
    }

    /// As the debug information tells.
    fn debugged(&self, address: u64, plain: &Frame) -> Vec<Frame> {
        let mut frames = Vec::new();
        let found = self
            .context
            .as_ref()
            .map(|context| context.find_frames(address).skip_all_loads());
        let Some(Ok(mut found)) = found else {
            return frames;
        };
        while let Ok(Some(frame)) = found.next() {
            let function = frame
                .function
                .as_ref()
                .and_then(|function| function.demangle().ok());
            let location = frame.location.as_ref();
            frames.push(Frame {
                function: function.map(Cow::into_owned),
                file: location.and_then(|location| Some(location.file?.to_owned())),
                line: location.and_then(|location| location.line),
                ..plain.clone()
            });
        }
        frames
    }

    fn symbol(&self, address: u64) -> Option<&str> {
        let after = self
            .symbols
            .partition_point(|(range, _)| range.start <= address);
        let (range, name) = self.symbols.get(after.checked_sub(1)?)?;
        range.contains(&address).then_some(*name)
    }
}

/// The functions in the symbol tables, each with its end: what lies between two of them is of neither.
fn symbols<'a>(elf: &ElfFile64<'a, Endianness>) -> Vec<(Range<u64>, &'a str)> {
    let all = elf.symbols().chain(elf.dynamic_symbols());
    let functions = all.filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0);
    let named = functions.filter_map(|symbol| {
        let range = symbol.address()..symbol.address().checked_add(symbol.size())?;
        Some((range, symbol.name().ok()?))
    });
    let mut symbols: Vec<_> = named.collect();
    // Of several names of one function, one without underscores is what people write.
    let underscores = |name: &str| name.bytes().take_while(|byte| *byte == b'_').count();
    symbols.sort_by_key(|(range, name)| (range.start, underscores(name), *name));
    symbols.dedup_by_key(|(range, _)| range.start);
    symbols
}
