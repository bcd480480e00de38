//! Sequences that come in any order among each other: which line serves which.

use std::collections::HashSet;

/// Finds lines for all sequences, each in its own order. Where a line could serve several, all ways are followed; of the
/// ways that get furthest, one is returned: for each sequence the lines that its patterns matched, up to the first
/// pattern that has none.
pub(super) fn interleave<P: PartialEq, L: Copy>(
    sequences: &[Vec<P>],
    lines: impl Iterator<Item = L>,
    matches: impl Fn(&P, L) -> bool,
) -> Vec<Vec<usize>> {
    let wanted: usize = sequences.iter().map(Vec::len).sum();
    let total = |way: &Vec<Vec<usize>>| way.iter().map(Vec::len).sum::<usize>();
    let mut ways = vec![vec![Vec::new(); sequences.len()]];
    for (i, line) in lines.enumerate() {
        let mut next = Vec::new();
        let mut stands = HashSet::new();
        for way in ways {
            let takers = takers(sequences, &way, |pattern| matches(pattern, line));
            let ways = if takers.is_empty() {
                vec![way]
            } else {
                let taken_by = |g: usize| {
                    let mut way: Vec<Vec<usize>> = way.clone();
                    way[g].push(i);
                    way
                };
                takers.into_iter().map(taken_by).collect()
            };
            // Two ways that stand at the same patterns go on alike: one is enough.
            let new =
                |way: &Vec<Vec<usize>>| stands.insert(way.iter().map(Vec::len).collect::<Vec<_>>());
            next.extend(ways.into_iter().filter(new));
        }
        ways = next;
        if ways.iter().any(|way| total(way) == wanted) {
            break;
        }
    }
    // The first of those that get furthest.
    let furthest = ways.into_iter().rev().max_by_key(total);
    furthest.unwrap_or_else(|| vec![Vec::new(); sequences.len()])
}

/// The sequences whose next pattern matches a line. Of those that want the same from here on, only the first.
fn takers<P: PartialEq>(
    sequences: &[Vec<P>],
    way: &[Vec<usize>],
    matches: impl Fn(&P) -> bool,
) -> Vec<usize> {
    let remaining = |g: usize| &sequences[g][way[g].len()..];
    let mut takers: Vec<usize> = Vec::new();
    for g in 0..sequences.len() {
        let wants = remaining(g).first().is_some_and(&matches);
        if wants && !takers.iter().any(|&t| remaining(t) == remaining(g)) {
            takers.push(g);
        }
    }
    takers
}
