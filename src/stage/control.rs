//! The harness's hold on a run while it goes on.

#[cfg(target_os = "linux")]
use super::Terminal;
use super::{Cancel, Orders};
use crate::record::{Event, Stream};

/// The harness's hold on a run while it goes on: a switch that cancels it, and a function that is called with each event.
///
/// ```
/// use exeunt::stage::Control;
/// let mut events = 0;
/// let mut count = |_: &exeunt::record::Event| events += 1;
/// let control = Control::new().on_event(&mut count);
/// ```
#[derive(Default)]
pub struct Control<'a> {
    cancel: Option<&'a Cancel>,
    orders: Option<&'a Orders>,
    #[cfg(target_os = "linux")]
    terminal: Option<&'a Terminal>,
    on_start: Option<&'a mut dyn FnMut(u32)>,
    on_event: Option<&'a mut dyn FnMut(&Event)>,
    on_output: Option<OnOutput<'a>>,
}

/// What is called with the bytes of each stream.
type OnOutput<'a> = &'a mut dyn FnMut(Stream, &[u8]);

impl<'a> Control<'a> {
    /// A control that neither cancels nor listens.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a switch end the run.
    #[must_use]
    pub fn cancel(mut self, cancel: &'a Cancel) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Has the run do what is handed in while it goes on.
    #[must_use]
    pub fn orders(mut self, orders: &'a Orders) -> Self {
        self.orders = Some(orders);
        self
    }

    /// Lets the size of the subject's terminal be changed, where it has one.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn terminal(mut self, terminal: &'a Terminal) -> Self {
        self.terminal = Some(terminal);
        self
    }

    /// Calls a function with the subject's process id, once its program was executed.
    #[must_use]
    pub fn on_start(mut self, on_start: &'a mut dyn FnMut(u32)) -> Self {
        self.on_start = Some(on_start);
        self
    }

    /// Calls a function with each event as it is seen, in the order in which it is seen. The record may put an event at an
    /// earlier place: the exit is stamped when it happens and seen a moment later. Lines are not yet read as lines
    /// of log. All lines come, also those for which the record has no room.
    ///
    /// The function runs between two looks at the subject: while it runs, the harness is late.
    #[must_use]
    pub fn on_event(mut self, on_event: &'a mut dyn FnMut(&Event)) -> Self {
        self.on_event = Some(on_event);
        self
    }

    /// Calls a function with the bytes of each stream as they are read, just as they are, before they are taken for lines.
    ///
    /// The function runs between two looks at the subject: while it runs, the harness is late.
    #[must_use]
    pub fn on_output(mut self, on_output: &'a mut dyn FnMut(Stream, &[u8])) -> Self {
        self.on_output = Some(on_output);
        self
    }

    #[cfg(target_os = "linux")]
    pub(super) fn size(&self) -> Option<&'a Terminal> {
        self.terminal
    }

    pub(super) fn queue(&self) -> Option<&'a Orders> {
        self.orders
    }

    pub(super) fn switch(&self) -> Option<&'a Cancel> {
        self.cancel
    }

    pub(super) fn tell_start(&mut self, pid: u32) {
        if let Some(on_start) = &mut self.on_start {
            on_start(pid);
        }
    }

    pub(super) fn tell(&mut self, event: &Event) {
        if let Some(on_event) = &mut self.on_event {
            on_event(event);
        }
    }

    pub(super) fn tell_output(&mut self, stream: Stream, bytes: &[u8]) {
        if let Some(on_output) = &mut self.on_output {
            on_output(stream, bytes);
        }
    }

    /// Whether somebody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.on_event.is_some()
    }

    /// As [`tell`](Self::tell); the event is only made if somebody listens.
    pub(super) fn tell_with(&mut self, event: impl FnOnce() -> Event) {
        if let Some(on_event) = &mut self.on_event {
            on_event(&event());
        }
    }
}

impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control")
            .field("cancel", &self.cancel)
            .field("orders", &self.orders)
            .field("on_start", &self.on_start.is_some())
            .field("on_event", &self.on_event.is_some())
            .field("on_output", &self.on_output.is_some())
            .finish()
    }
}
