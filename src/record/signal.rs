//! Signals by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The names of the signals 1 to 31, as Linux numbers them on all but a few architectures. A record of Linux reads the same
/// everywhere, so these are not the names of the system that reads it.
const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// A signal, by its number on Linux; shown and serialised by its name (`SIGTERM`).
///
/// ```
/// use exeunt::Signal;
/// let term: Signal = "SIGTERM".parse().unwrap();
/// assert_eq!(term, "term".parse().unwrap());
/// assert_eq!(term.number(), 15);
/// assert_eq!(term.to_string(), "SIGTERM");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(i32);

impl Signal {
    /// SIGTERM: the request to terminate.
    pub const TERM: Self = Self(15);
    /// SIGKILL: the end, at once.
    pub const KILL: Self = Self(9);
    /// SIGCONT: go on, if stopped.
    pub const CONT: Self = Self(18);
    /// SIGINT: what Ctrl-C sends.
    pub const INT: Self = Self(2);
    /// SIGHUP: the terminal is gone; for many servers, read the configuration again.
    pub const HUP: Self = Self(1);
    /// SIGQUIT: what Ctrl-\ sends.
    pub const QUIT: Self = Self(3);
    /// SIGABRT: what `abort` raises.
    pub const ABRT: Self = Self(6);
    /// SIGSEGV: memory that is not its own.
    pub const SEGV: Self = Self(11);
    /// SIGPIPE: a write that nobody can read.
    pub const PIPE: Self = Self(13);
    /// SIGUSR1: for the program to define.
    pub const USR1: Self = Self(10);
    /// SIGUSR2: for the program to define.
    pub const USR2: Self = Self(12);
    /// SIGSTOP: stand still.
    pub const STOP: Self = Self(19);
    /// SIGWINCH: the terminal has another size.
    pub const WINCH: Self = Self(28);

    /// The signal of this number, from 1 to 64. `None` if there is none.
    ///
    /// ```
    /// use exeunt::Signal;
    /// assert_eq!(Signal::from_number(15), Some(Signal::TERM));
    /// assert_eq!(Signal::from_number(0), None);
    /// assert_eq!(Signal::from_number(65), None);
    /// ```
    #[must_use]
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
            1..=64 => Some(Self(number)),
            _ => None,
        }
    }

    /// A number that the kernel gave.
    pub(crate) const fn from_kernel(number: i32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = usize::try_from(self.0 - 1).ok();
        match index.and_then(|index| NAMES.get(index)) {
            Some(name) => f.pad(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

/// A text that is not the name of a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSignal(String);

impl fmt::Display for UnknownSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a signal (try a name such as SIGTERM, or a number from 1 to 64)",
            self.0
        )
    }
}

impl std::error::Error for UnknownSignal {}

impl FromStr for Signal {
    type Err = UnknownSignal;

    fn from_str(text: &str) -> Result<Self, UnknownSignal> {
        let name = text.trim().to_ascii_uppercase();
        let name = name.strip_prefix("SIGNAL ").unwrap_or(&name);
        if let Ok(number) = name.parse::<i32>() {
            return Self::from_number(number).ok_or_else(|| UnknownSignal(text.into()));
        }
        let full = if name.starts_with("SIG") {
            name.to_owned()
        } else {
            format!("SIG{name}")
        };
        let number = (1..).zip(NAMES).find(|(_, name)| *name == full);
        number
            .map(|(number, _)| Self(number))
            .ok_or_else(|| UnknownSignal(text.into()))
    }
}

impl Serialize for Signal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use nix::sys::signal::Signal as Known;

    use super::*;

    #[test]
    fn the_names_are_those_of_the_system() {
        for number in 1..=31 {
            let known = Known::try_from(number).unwrap();
            let signal = Signal::from_number(number).unwrap();
            assert_eq!(signal.to_string(), known.as_str());
            assert_eq!(known.as_str().parse(), Ok(signal));
        }
        assert!(Known::try_from(32).is_err());
        assert_eq!(Signal(32).to_string(), "signal 32");
    }
}
