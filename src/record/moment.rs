//! A wall clock's time as seconds since 1970 UTC, for serde's `with`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// To the microsecond: finer is no wall clock, and as much as a JSON number carries exactly.
pub(crate) fn rounded(time: SystemTime) -> SystemTime {
    from_micros(micros(time)).unwrap_or(time)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact for the next two centuries"
)]
pub(crate) fn serialize<S: Serializer>(
    time: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    (micros(*time) as f64 / 1e6).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<SystemTime, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is too large saturates"
    )]
    from_micros((seconds * 1e6).round() as i64).ok_or_else(|| {
        D::Error::custom(format!("{seconds} is no time that this platform can tell"))
    })
}

fn micros(time: SystemTime) -> i64 {
    let micros =
        |d: Duration| i64::try_from(d.as_nanos().saturating_add(500) / 1000).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => micros(after),
        Err(error) => -micros(error.duration()),
    }
}

fn from_micros(micros: i64) -> Option<SystemTime> {
    let distance = Duration::from_micros(micros.unsigned_abs());
    match micros {
        0.. => UNIX_EPOCH.checked_add(distance),
        _ => UNIX_EPOCH.checked_sub(distance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct At(#[serde(with = "super")] SystemTime);

    #[test]
    fn a_rounded_moment_survives_json() {
        for nanos in [
            0,
            1_499,
            1_500,
            999_999_999,
            1_795_548_963_123_456_789,
            4_102_444_800_000_000_001,
        ] {
            for time in [
                UNIX_EPOCH + Duration::from_nanos(nanos),
                UNIX_EPOCH - Duration::from_nanos(nanos),
            ] {
                let at = At(rounded(time));
                let json = serde_json::to_string(&at).unwrap();
                assert_eq!(serde_json::from_str::<At>(&json).unwrap(), at, "{json}");
                let off = time
                    .duration_since(at.0)
                    .unwrap_or_else(|error| error.duration());
                assert!(off <= Duration::from_nanos(500), "{off:?}");
            }
        }
    }

    #[test]
    fn a_moment_is_a_number_of_seconds() {
        let at = At(UNIX_EPOCH + Duration::from_millis(1500));
        assert_eq!(serde_json::to_string(&at).unwrap(), "1.5");
        assert!(serde_json::from_str::<At>("\"1970-01-01T00:00:00Z\"").is_err());
    }
}
