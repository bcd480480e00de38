//! When the rest of a run will be over: the suite says how long its cases take.

use std::time::Duration;

/// A case that is not over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    /// How long it takes, if all is as expected.
    pub(crate) expected: Duration,
    /// How long it has been running, if it has begun.
    pub(crate) running: Option<Duration>,
    /// Nothing runs beside it.
    pub(crate) exclusive: bool,
}

impl Left {
    /// What of it is still expected. One that takes longer than that may be over at any time.
    fn rest(&self) -> Duration {
        self.expected
            .saturating_sub(self.running.unwrap_or_default())
    }
}

/// How long the cases take that are left, with as many side by side as now: the longest of them, or all of them in so many rows,
/// and then those that run alone.
pub(crate) fn rest(left: &[Left]) -> Duration {
    let running = left.iter().filter(|case| case.running.is_some());
    let rows = u32::try_from(running.count().max(1)).unwrap_or(u32::MAX);
    let (alone, beside): (Vec<&Left>, Vec<&Left>) = left.iter().partition(|case| case.exclusive);
    let sum = |cases: &[&Left]| -> Duration { cases.iter().map(|case| case.rest()).sum() };
    let longest = beside.iter().map(|case| case.rest()).max();
    let together = (sum(&beside) / rows).max(longest.unwrap_or_default());
    together + sum(&alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(expected: u64, running: Option<u64>) -> Left {
        Left {
            expected: Duration::from_secs(expected),
            running: running.map(Duration::from_secs),
            exclusive: false,
        }
    }

    #[test]
    fn the_longest_or_all_in_rows() {
        assert_eq!(rest(&[]), Duration::ZERO);
        // Two side by side: 10 s are left of the first, and five times 2 s of the others.
        let long = [
            left(12, Some(2)),
            left(2, Some(0)),
            left(2, None),
            left(2, None),
        ];
        assert_eq!(rest(&long), Duration::from_secs(10));
        let many: Vec<_> = [left(2, Some(0)), left(2, Some(0))]
            .into_iter()
            .chain([left(2, None); 8])
            .collect();
        assert_eq!(rest(&many), Duration::from_secs(10));
    }

    #[test]
    fn what_takes_longer_than_expected_adds_nothing_and_what_runs_alone_comes_last() {
        assert_eq!(rest(&[left(2, Some(9))]), Duration::ZERO);
        let alone = Left {
            exclusive: true,
            ..left(3, None)
        };
        assert_eq!(
            rest(&[left(2, Some(0)), alone, alone]),
            Duration::from_secs(8)
        );
    }
}
