//! Parts of a run, for several machines.

use std::cmp::Reverse;
use std::str::FromStr;

use exeunt::outcome::CaseId;
use exeunt::report::Shard;
use exeunt::suite::Case;

/// A part of the cases. All parts of the same count are disjoint, and are the whole together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) kind: Kind,
    /// Counted from 1.
    pub(crate) number: usize,
    pub(crate) count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By the name: a case stays in its part when others come or go.
    Hash,
    /// Every n-th.
    Slice,
    /// As much of the expected time as of the others.
    Timings,
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "write it as hash:M/N, slice:M/N or timings:M/N";
        let (kind, part) = text.split_once(':').ok_or(form)?;
        let kind = match kind {
            "hash" => Kind::Hash,
            "slice" => Kind::Slice,
            "timings" => Kind::Timings,
            _ => return Err(form.into()),
        };
        let (number, count) = part.split_once('/').ok_or(form)?;
        let number = number.parse().map_err(|_| form)?;
        let count = count.parse().map_err(|_| form)?;
        Self::new(kind, number, count)
    }
}

impl Partition {
    pub(crate) fn new(kind: Kind, number: usize, count: usize) -> Result<Self, String> {
        match (1..=count).contains(&number) {
            true => Ok(Self {
                kind,
                number,
                count,
            }),
            false => Err(format!(
                "part {number} of {count}: parts are counted from 1 to their number"
            )),
        }
    }

    /// The cases of this part, in the order in which they were.
    pub(crate) fn of<'s>(&self, cases: Vec<&'s Case>) -> Vec<&'s Case> {
        let parts = match self.kind {
            Kind::Hash => cases
                .iter()
                .map(|case| hash(&case.id().to_string(), self.count))
                .collect(),
            Kind::Slice => (0..cases.len()).map(|i| i % self.count).collect(),
            Kind::Timings => by_time(&cases, self.count),
        };
        let ours = cases.into_iter().zip(parts);
        ours.filter(|(_, part)| part + 1 == self.number)
            .map(|(case, _)| case)
            .collect()
    }

    /// For the record of the run: what the other parts are to bring.
    pub(crate) fn shard(&self, whole: Vec<CaseId>) -> Shard {
        Shard {
            number: self.number,
            count: self.count,
            whole,
        }
    }
}

/// FNV-1a, which is the same on every machine and in every version.
fn hash(name: &str, count: usize) -> usize {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The remainder is less than the count.
    usize::try_from(hash % count as u64).unwrap_or_default()
}

/// The part of each case: the longest first, each to the part that has least to do.
fn by_time(cases: &[&Case], count: usize) -> Vec<usize> {
    let mut longest: Vec<_> = (0..cases.len()).collect();
    longest.sort_by_key(|i| Reverse(cases[*i].expected_time()));
    let mut busy = vec![std::time::Duration::ZERO; count];
    let mut parts = vec![0; cases.len()];
    for i in longest {
        let least = (0..count)
            .min_by_key(|part| busy[*part])
            .unwrap_or_default();
        busy[least] += cases[i].expected_time();
        parts[i] = least;
    }
    parts
}

#[cfg(test)]
mod tests {
    use exeunt::suite::Suite;

    use super::*;

    fn suite(scenarios: usize) -> Suite {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("exeunt.toml");
        let mut text = "implementation.sh.command = ['sh']\n".to_owned();
        for i in 0..scenarios {
            text += &format!(
                "[[scenario]]\nname = 's{i}'\nexit = {{ code = 0, after = 'done', delay = '{}ms' }}\n",
                i * i * 10
            );
        }
        std::fs::write(&path, text).unwrap();
        Suite::load(&path).unwrap()
    }

    #[test]
    fn parts_are_disjoint_and_the_whole_together() {
        let suite = suite(41);
        let all: Vec<_> = suite.cases().iter().collect();
        for kind in ["hash", "slice", "timings"] {
            for count in [1, 2, 3, 7, 50] {
                let mut seen: Vec<_> = (1..=count)
                    .flat_map(|number| {
                        let part: Partition = format!("{kind}:{number}/{count}").parse().unwrap();
                        part.of(all.clone())
                            .into_iter()
                            .map(Case::id)
                            .collect::<Vec<_>>()
                    })
                    .collect();
                seen.sort();
                let mut ids: Vec<_> = all.iter().map(|case| case.id()).collect();
                ids.sort();
                assert_eq!(seen, ids, "{kind} of {count}");
            }
        }
    }

    #[test]
    fn a_case_stays_in_its_part_by_hash_when_others_come() {
        let (few, many) = (suite(20), suite(41));
        let part: Partition = "hash:2/3".parse().unwrap();
        let ids = |suite: &Suite| -> Vec<_> {
            let cases = suite.cases().iter().collect();
            part.of(cases).into_iter().map(Case::id).collect()
        };
        let (few, many) = (ids(&few), ids(&many));
        assert!(!few.is_empty() && few.iter().all(|id| many.contains(id)));
    }

    #[test]
    fn parts_by_time_take_as_long_as_each_other() {
        let suite = suite(41);
        let time = |kind: &str, number: usize| -> f64 {
            let part: Partition = format!("{kind}:{number}/3").parse().unwrap();
            let cases = part.of(suite.cases().iter().collect());
            cases
                .iter()
                .map(|case| case.expected_time().as_secs_f64())
                .sum()
        };
        let spread = |kind: &str| {
            let times = [1, 2, 3].map(|number| time(kind, number));
            times.iter().fold(0.0, |a: f64, b| a.max(*b))
                - times.iter().fold(f64::MAX, |a: f64, b| a.min(*b))
        };
        // The longest case takes 16 s.
        assert!(spread("timings") < 1.0, "{}", spread("timings"));
        assert!(spread("slice") > 1.0, "{}", spread("slice"));
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in [
            "",
            "hash",
            "hash:1",
            "hash:0/2",
            "hash:3/2",
            "count:1/2",
            "slice:a/2",
            "slice:1/0",
            "hash:-1/2",
        ] {
            assert!(text.parse::<Partition>().is_err(), "{text}");
        }
        assert_eq!(
            "slice:2/3".parse(),
            Ok(Partition {
                kind: Kind::Slice,
                number: 2,
                count: 3
            })
        );
    }
}
