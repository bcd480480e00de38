//! What a main may return.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// What a main may return under [`run`](crate::run); see there for what becomes of it.
///
/// Cannot be implemented outside this crate.
#[diagnostic::on_unimplemented(
    message = "`run` cannot make an exit code of `{Self}`",
    label = "main returns this",
    note = "of results, `run` takes those whose error is `Box<dyn std::error::Error>`: write `run(|| Ok(real_main()?))`",
    note = "or, for whatever `main` itself may return: `run(|| std::process::Termination::report(real_main()))`"
)]
pub trait MainResult: sealed::Sealed {
    /// Reports an error, and gives the exit code.
    #[doc(hidden)]
    fn report(self) -> ExitCode;
}

impl MainResult for () {
    fn report(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

impl MainResult for ExitCode {
    fn report(self) -> ExitCode {
        self
    }
}

/// The only implementation for a `Result`: from it the compiler infers the error of a main that ends in `Ok(())`.
impl<T: MainResult> MainResult for Result<T, Box<dyn Error>> {
    fn report(self) -> ExitCode {
        match self {
            Ok(value) => value.report(),
            Err(error) => {
                // One write, and no panic if nobody listens.
                let text = format!("Error: {error:?}\n");
                _ = io::stderr().write_all(text.as_bytes());
                ExitCode::FAILURE
            }
        }
    }
}

/// A main that ends in [`exit`](crate::exit), or never.
impl MainResult for Never {
    fn report(self) -> ExitCode {
        self
    }
}

/// The never type, which has no other name in stable Rust.
type Never = <fn() -> ! as sealed::Returns>::Value;

mod sealed {
    pub trait Sealed {}

    impl Sealed for () {}
    impl Sealed for super::ExitCode {}
    impl Sealed for super::Never {}
    impl<T> Sealed for Result<T, Box<dyn super::Error>> {}

    pub trait Returns {
        type Value;
    }

    impl<T> Returns for fn() -> T {
        type Value = T;
    }
}
