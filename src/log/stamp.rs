//! The times that logs carry.

use std::time::Duration;

use crate::record::{Stamp, StampTime};

/// Reads a time, with or without a fraction of up to nine digits.
pub(super) fn stamp(text: &str) -> Option<Stamp> {
    let text = text.trim();
    time_of_day(text)
        .or_else(|| date(text))
        .or_else(|| seconds(text))
}

/// `HH:MM:SS`
pub(super) fn time_of_day(text: &str) -> Option<Stamp> {
    let (clock, fraction) = fraction(text);
    let (nanos, grain) = nanos(fraction)?;
    Some(Stamp {
        time: StampTime::TimeOfDay(clock_seconds(clock)? + nanos),
        grain,
    })
}

/// `YYYY-MM-DD HH:MM:SS`, with a space or a `T`, and with an offset or without.
fn date(text: &str) -> Option<Stamp> {
    let (day, rest) = text.split_once(['T', 't', ' '])?;
    let (clock, offset) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => (&rest[..at], Some(offset(&rest[at..])?)),
        None => (rest, None),
    };
    let (clock, fraction) = fraction(clock);
    let (nanos, grain) = nanos(fraction)?;
    let civil = day_seconds(day)? + clock_seconds(clock)? + nanos;
    let time = match offset {
        None => StampTime::Local(civil),
        Some(offset) if offset < 0 => {
            StampTime::Unix(civil + Duration::from_secs(offset.unsigned_abs()))
        }
        Some(offset) => {
            StampTime::Unix(civil.checked_sub(Duration::from_secs(offset.unsigned_abs()))?)
        }
    };
    Some(Stamp { time, grain })
}

/// Seconds since 1970, or milliseconds, microseconds or nanoseconds by the number of digits; a smaller number is one of
/// seconds since some start.
fn seconds(text: &str) -> Option<Stamp> {
    const YEAR_2001: Duration = Duration::from_secs(1_000_000_000);
    let (whole, fraction) = fraction(text);
    let number = digits(whole)?;
    let (time, grain) = match (whole.len(), fraction) {
        (13 | 16 | 19, None) => {
            let grain = 10_u64.pow(9 - 3 * ((u32::try_from(whole.len()).ok()? - 10) / 3));
            let per_second = 1_000_000_000 / grain;
            let nanos = u32::try_from(number % per_second * grain).ok()?;
            (
                Duration::new(number / per_second, nanos),
                Duration::from_nanos(grain),
            )
        }
        _ => {
            let (nanos, grain) = nanos(fraction)?;
            (Duration::from_secs(number).checked_add(nanos)?, grain)
        }
    };
    let time = match time >= YEAR_2001 {
        true => StampTime::Unix(time),
        false => StampTime::SinceStart(time),
    };
    Some(Stamp { time, grain })
}

fn digits(text: &str) -> Option<u64> {
    match text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    }
}

/// A number of just so many digits.
fn number(text: &str, width: usize) -> Option<u64> {
    digits(text).filter(|_| text.len() == width)
}

fn fraction(text: &str) -> (&str, Option<&str>) {
    match text.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    }
}

/// The time of a fraction, and its fineness.
fn nanos(fraction: Option<&str>) -> Option<(Duration, Duration)> {
    let Some(fraction) = fraction else {
        return Some((Duration::ZERO, Duration::from_secs(1)));
    };
    let width = u32::try_from(fraction.len()).ok()?;
    let grain = 10_u64.pow(9_u32.checked_sub(width)?);
    let nanos = digits(fraction)? * grain;
    Some((Duration::from_nanos(nanos), Duration::from_nanos(grain)))
}

/// `HH:MM:SS`. 60 is a leap second.
fn clock_seconds(text: &str) -> Option<Duration> {
    let mut parts = text.split(':').map(|part| number(part, 2));
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let valid = parts.next().is_none() && hours <= 23 && minutes <= 59 && seconds <= 60;
    valid.then(|| Duration::from_secs(hours * 3600 + minutes * 60 + seconds))
}

/// `YYYY-MM-DD`, from 1970 on, as seconds since 1970.
fn day_seconds(text: &str) -> Option<Duration> {
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4)?;
    let (month, day) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let leap = |year: u64| {
        (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
    };
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *months.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    if parts.next().is_some() || year < 1970 || !(1..=length).contains(&day) {
        return None;
    }
    let years: u64 = (1970..year).map(|y| if leap(y) { 366 } else { 365 }).sum();
    let before: u64 = months.iter().take(usize::try_from(month).ok()? - 1).sum();
    Some(Duration::from_secs((years + before + day - 1) * 86_400))
}

/// `Z`, `+HH:MM` or `+HHMM`, in seconds east of UTC.
fn offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None => rest.split_at_checked(2)?,
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    let seconds = i64::try_from(hours * 3600 + minutes * 60).ok()?;
    (hours <= 23 && minutes <= 59).then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(StampTime, u64)> {
        stamp(text).map(|stamp| (stamp.time, stamp.grain.as_nanos().try_into().unwrap()))
    }

    #[test]
    fn times_of_day() {
        let at = |secs, nanos| StampTime::TimeOfDay(Duration::new(secs, nanos));
        assert_eq!(read("01:02:03"), Some((at(3723, 0), 1_000_000_000)));
        assert_eq!(
            read("01:02:03,5"),
            Some((at(3723, 500_000_000), 100_000_000))
        );
        for wrong in [
            "1:02:03",
            "24:00:00",
            "01:60:00",
            "01:02",
            "01:02:03:04",
            "01:02:61",
            "01:02:03.",
        ] {
            let read = read(wrong);
            assert!(read.is_none() || wrong.ends_with('.'), "{wrong}: {read:?}");
        }
    }

    #[test]
    fn dates() {
        // `date -d '2026-01-31 12:00:00Z' +%s`
        let noon = Duration::from_secs(1_769_860_800);
        let half = Duration::from_millis(500);
        let hour = Duration::from_secs(3600);
        for (text, time) in [
            ("2026-01-31T12:00:00Z", StampTime::Unix(noon)),
            ("2026-01-31t12:00:00.5z", StampTime::Unix(noon + half)),
            ("2026-01-31T12:00:00+01:00", StampTime::Unix(noon - hour)),
            ("2026-01-31T12:00:00-0100", StampTime::Unix(noon + hour)),
            ("2026-01-31 12:00:00,500", StampTime::Local(noon + half)),
            ("2026-01-31T12:00:00", StampTime::Local(noon)),
            (
                "2000-02-29 00:00:00Z",
                StampTime::Unix(Duration::from_secs(951_782_400)),
            ),
        ] {
            assert_eq!(read(text).map(|(time, _)| time), Some(time), "{text}");
        }
        for wrong in [
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-00-01T12:00:00Z",
            "2026-01-00T12:00:00Z",
            "1969-12-31T12:00:00Z",
            "2026-01-31T12:00:00+1:00",
            "2026-01-31T12:00:00+24:00",
            "2026-01-31T12:00",
            "31.01.2026 12:00:00",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn seconds_since_1970_and_since_a_start() {
        let unix = |secs, nanos| StampTime::Unix(Duration::new(secs, nanos));
        for (text, time, grain) in [
            ("1769860800", unix(1_769_860_800, 0), 1_000_000_000),
            (
                "1769860800.25",
                unix(1_769_860_800, 250_000_000),
                10_000_000,
            ),
            ("1769860800250", unix(1_769_860_800, 250_000_000), 1_000_000),
            ("1769860800250001", unix(1_769_860_800, 250_001_000), 1000),
            ("1769860800250001002", unix(1_769_860_800, 250_001_002), 1),
            (
                "1.000",
                StampTime::SinceStart(Duration::from_secs(1)),
                1_000_000,
            ),
            ("0", StampTime::SinceStart(Duration::ZERO), 1_000_000_000),
        ] {
            assert_eq!(read(text), Some((time, grain)), "{text}");
        }
        for wrong in [
            "",
            "x",
            "-1",
            "1e3",
            "1.0000000001",
            "99999999999999999999999",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
