//! What became of requests.

use super::{Assert, AssertError, assertions};
use crate::expect::{Expectation, ExpectedExchange};

/// # What became of requests
impl Assert<'_> {
    assertions! {
        /// The request of this name was answered with this status; of several of one name, all were.
        ///
        /// ```
        /// # use exeunt::{Record, millis, record::{Answer, Exchange, RequestSeen}};
        /// # let sent = Exchange::Sent { to: "127.0.0.1:80".into(), what: "GET /".into() };
        /// # let answered = Exchange::Answered(Answer::new(200, "hi"));
        /// # let record = Record::new(["server"])
        /// #     .with(millis(1), RequestSeen::new("slow", sent))
        /// #     .with(millis(2), RequestSeen::new("slow", answered));
        /// record.assert().answered("slow", 200);
        /// let error = record.assert().try_answered("slow", 503).unwrap_err().to_string();
        /// assert!(error.contains("observed: answered with status 200"), "{error}");
        /// ```
        answered, try_answered(assert, name: &str, status: u16) {
            assert.only(Expectation::nothing().request(name, ExpectedExchange::Status(status)))
        }

        /// The request of this name ended so: answered, cut off, refused.
        ///
        /// ```
        /// use exeunt::expect::ExpectedExchange;
        /// # use exeunt::{Record, millis, record::{Exchange, RequestSeen}};
        /// # let refused = Exchange::Refused { why: "Connection refused".into() };
        /// # let record = Record::new(["server"]).with(millis(1), RequestSeen::new("late", refused));
        /// record.assert().request("late", ExpectedExchange::Refused);
        /// assert!(record.assert().try_request("late", ExpectedExchange::CutOff).is_err());
        /// ```
        request, try_request(assert, name: &str, end: ExpectedExchange) {
            assert.only(Expectation::nothing().request(name, end))
        }
    }
}
