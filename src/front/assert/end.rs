//! How it ended, and what it left behind.

use predicates_core::Predicate;

use super::{Assert, AssertError, assertions};
use crate::Signal;
use crate::expect::{Expectation, ExpectedEnd};
use crate::judge::judge;
use crate::record::Exit;

/// # How it ended
impl Assert<'_> {
    assertions! {
        /// It ended by itself with exit code 0.
        ///
        /// ```
        /// # use exeunt::{Record, millis, record::Exit};
        /// # let record = Record::new(["worker"]).with(millis(2), Exit::Code(0));
        /// record.assert().success();
        /// ```
        success, try_success(assert) {
            assert.end(ExpectedEnd::code(0))
        }

        /// It ended by itself, with any exit code but 0 or by a signal.
        ///
        /// ```
        /// # use exeunt::{Record, millis, record::Exit};
        /// # let record = Record::new(["worker"]).with(millis(2), Exit::Code(3));
        /// record.assert().failure();
        /// assert!(record.assert().try_success().is_err());
        /// ```
        failure, try_failure(assert) {
            assert.end(ExpectedEnd::Failure)
        }

        /// It ended by itself with this exit code: a number, several of which one is right, or a predicate.
        ///
        /// ```
        /// use predicates::prelude::*;
        /// # use exeunt::{Record, millis, record::Exit};
        /// # let record = Record::new(["worker"]).with(millis(2), Exit::Code(3));
        /// record.assert().code(3).code([2, 3]).code(predicate::gt(2));
        /// assert!(record.assert().try_code(0).is_err());
        /// ```
        code, try_code<M>(assert, code: impl CodePredicate<M>) {
            code.check(assert)
        }

        /// It was killed by this signal, which the harness did not send to end it.
        ///
        /// ```
        /// use exeunt::Signal;
        /// # use exeunt::{Record, millis, record::Exit};
        /// # let record = Record::new(["worker"]).with(millis(2), Exit::Signal(Signal::SEGV));
        /// record.assert().signal(Signal::SEGV);
        /// assert!(record.assert().try_signal(Signal::ABRT).is_err());
        /// ```
        signal, try_signal(assert, signal: Signal) {
            assert.end(ExpectedEnd::signal(signal))
        }

        /// It was killed by a signal, whichever, which the harness did not send to end it.
        ///
        /// ```
        /// # use exeunt::{Record, Signal, millis, record::Exit};
        /// # let record = Record::new(["worker"]).with(millis(2), Exit::Signal(Signal::SEGV));
        /// record.assert().interrupted();
        /// ```
        interrupted, try_interrupted(assert) {
            match assert.record.exit() {
                Some(Exit::Signal(signal)) => assert.end(ExpectedEnd::signal(signal)),
                _ => assert.no_such_end("killed by a signal"),
            }
        }

        /// It did not end: it was still there at its timeout.
        ///
        /// ```
        /// use exeunt::{Subject, millis};
        ///
        /// let record = Subject::new("sleep").arg("60").timeout(millis(200)).run()?;
        /// record.assert().hangs();
        /// # Ok::<(), exeunt::RunError>(())
        /// ```
        hangs, try_hangs(assert) {
            assert.end(ExpectedEnd::Hang)
        }

        /// No process outlived it.
        ///
        /// ```
        /// use exeunt::Subject;
        ///
        /// let tidy = Subject::new("true").run()?;
        /// tidy.assert().leaves_nothing_behind();
        /// let untidy = Subject::new("sh").args(["-c", "sleep 60 &"]).run()?;
        /// assert!(untidy.assert().try_leaves_nothing_behind().is_err());
        /// # Ok::<(), exeunt::RunError>(())
        /// ```
        leaves_nothing_behind, try_leaves_nothing_behind(assert) {
            assert.only(Expectation::new())
        }
    }

    fn end(self, end: ExpectedEnd) -> Result<Self, AssertError> {
        self.only(Expectation::nothing().end(end))
    }

    /// The end is not this one, or is not known.
    fn no_such_end(self, expected: &str) -> Result<Self, AssertError> {
        let none = Expectation::nothing().end(ExpectedEnd::OneOf(Vec::new()));
        let judgement = judge(self.record, &none);
        let observed = judgement.failures().next();
        let observed = observed.map(|check| check.observation());
        let verdict = judgement.verdict();
        Err(self.error(verdict, expected.into(), observed.unwrap_or_default()))
    }
}

/// An exit code that is expected: a number, several of which one is right, or a predicate (of the crate `predicates`).
///
/// The parameter tells the implementations apart; it is never named.
pub trait CodePredicate<M>: sealed::Sealed<M> {
    #[doc(hidden)]
    fn check(self, assert: Assert<'_>) -> Result<Assert<'_>, AssertError>;
}

mod sealed {
    pub trait Sealed<M> {}
}

#[doc(hidden)]
#[derive(Debug)]
pub struct Number;
#[doc(hidden)]
#[derive(Debug)]
pub struct Numbers;
#[doc(hidden)]
#[derive(Debug)]
pub struct Predicated;

impl sealed::Sealed<Number> for i32 {}
impl CodePredicate<Number> for i32 {
    fn check(self, assert: Assert<'_>) -> Result<Assert<'_>, AssertError> {
        assert.end(ExpectedEnd::code(self))
    }
}

impl<const N: usize> sealed::Sealed<Numbers> for [i32; N] {}
impl<const N: usize> CodePredicate<Numbers> for [i32; N] {
    fn check(self, assert: Assert<'_>) -> Result<Assert<'_>, AssertError> {
        assert.end(ExpectedEnd::OneOf(self.map(Exit::Code).into()))
    }
}

impl<P: Predicate<i32>> sealed::Sealed<Predicated> for P {}
impl<P: Predicate<i32>> CodePredicate<Predicated> for P {
    fn check(self, assert: Assert<'_>) -> Result<Assert<'_>, AssertError> {
        match assert.record.exit() {
            Some(Exit::Code(code)) if self.eval(&code) => assert.end(ExpectedEnd::code(code)),
            _ => assert.no_such_end(&format!("an exit code that satisfies {self}")),
        }
    }
}
