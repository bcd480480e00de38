//! In the place of `http`, where that feature is off: a plan with requests is refused before it is run.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::run::Run;
use crate::stage::{Plan, Request};

#[derive(Default)]
pub(super) struct Requests;

impl Requests {
    pub(super) fn new(_: &Plan) -> Self {
        Self
    }

    pub(super) fn reads(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::empty()
    }

    pub(super) fn writes(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::empty()
    }

    pub(super) fn next(&self) -> Option<Duration> {
        None
    }
}

impl Run<'_, '_> {
    pub(super) fn request(&mut self, _: &Request, _: Duration, _: Duration) {}

    pub(super) fn converse(&mut self) {}

    pub(super) fn end_requests(&mut self) {}
}
