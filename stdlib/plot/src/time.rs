//! Ticks of time axes: round seconds, hours, days, months or years, in UTC.

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;
/// A twelfth of the mean year, which only tells months from other steps.
const MONTH: f64 = 2_629_746.0;
const YEAR: f64 = 12.0 * MONTH;

/// Seconds of the year 1 and of the year 9999: what lies beyond is shown as a number.
const YEARS: (f64, f64) = (-62_135_596_800.0, 253_402_300_799.0);

const STEPS: [f64; 26] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    MINUTE,
    2.0 * MINUTE,
    5.0 * MINUTE,
    10.0 * MINUTE,
    15.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    2.0 * HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    7.0 * DAY,
    14.0 * DAY,
    MONTH,
    3.0 * MONTH,
    6.0 * MONTH,
    YEAR,
    2.0 * YEAR,
];

/// Whether both ends can be written as dates.
pub(crate) fn shows(lo: f64, hi: f64) -> bool {
    lo >= YEARS.0 && hi <= YEARS.1
}

/// The round step nearest above what `count` ticks need.
pub(crate) fn step(lo: f64, hi: f64, count: usize) -> f64 {
    let raw = (hi - lo) / count.max(1) as f64;
    if raw > 2.0 * YEAR {
        return crate::scale::round_step(raw / YEAR) * YEAR;
    }
    if raw < 0.5 {
        return crate::scale::round_step(raw);
    }
    STEPS.into_iter().find(|s| *s >= raw * 0.8).unwrap_or(5.0 * YEAR)
}

/// Where the ticks are.
pub(crate) fn ticks(lo: f64, hi: f64, step: f64) -> Vec<f64> {
    if !shows(lo, hi) {
        return Vec::new();
    }
    if step < MONTH {
        // Weeks begin on Monday; day 0 was a Thursday.
        let from = if step >= 7.0 * DAY { -3.0 * DAY } else { 0.0 };
        let first = ((lo - from) / step - 1e-9).ceil();
        let last = ((hi - from) / step + 1e-9).floor();
        let count = (last - first + 1.0).clamp(0.0, 100.0) as usize;
        return (0..count).map(|i| from + (first + i as f64) * step).collect();
    }
    let months = (step / MONTH).round() as i64;
    let (year, month, _) = date((lo / DAY).floor() as i64);
    let first = (year * 12 + month - 1).div_euclid(months);
    let seconds = |i: i64| days(i * months) as f64 * DAY;
    (first..first + 102).map(seconds).skip_while(|s| *s < lo).take_while(|s| *s <= hi).collect()
}

/// A tick's text, as exact as the step is.
pub(crate) fn label(seconds: f64, step: f64) -> String {
    let (year, month, day) = date((seconds / DAY).floor() as i64);
    let left = seconds.rem_euclid(DAY);
    let (hour, minute, second) = ((left / HOUR) as i64, (left / MINUTE) as i64 % 60, left % MINUTE);
    match step {
        s if s >= YEAR => format!("{year}"),
        s if s >= MONTH => format!("{year}-{month:02}"),
        s if s >= DAY => format!("{year}-{month:02}-{day:02}"),
        s if s >= HOUR => format!("{month:02}-{day:02} {hour:02}:{minute:02}"),
        s if s >= MINUTE => format!("{hour:02}:{minute:02}"),
        s if s >= 1.0 => format!("{hour:02}:{minute:02}:{second:02.0}"),
        s => {
            let digits = (-s.log10().floor()).clamp(1.0, 6.0) as usize;
            format!("{hour:02}:{minute:02}:{second:0width$.digits$}", width = digits + 3)
        }
    }
}

/// A moment in seconds since 1970 as text: the day, and the time of day as far as there is one.
///
/// What lies beyond the years 1 to 9999 is written as a number of seconds.
///
/// ```
/// use ironbook_plot::moment;
///
/// assert_eq!(moment(1_357_034_400.0), "2013-01-01 10:00");
/// assert_eq!(moment(-86_400.0), "1969-12-31");
/// ```
pub fn moment(seconds: f64) -> String {
    if !shows(seconds, seconds) {
        return format!("{seconds:e} s");
    }
    let whole = seconds.round();
    let step = [DAY, MINUTE].into_iter().find(|step| whole.rem_euclid(*step) == 0.0).unwrap_or(1.0);
    match step {
        DAY => label(whole, DAY),
        _ => format!("{} {}", label(whole, DAY), label(whole, step)),
    }
}

/// Whether a year of the Gregorian calendar has a 29 February.
fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Days from 1970-01-01 to the first of a month, counted from January of the year 0.
fn days(months: i64) -> i64 {
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    let past = year - 1;
    let leaps = past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400);
    let late = i64::from(month > 1 && leap(year));
    past * 365 + leaps + BEFORE[month as usize] + late - 719_162
}

/// Year, month and day of a day since 1970-01-01.
fn date(day: i64) -> (i64, i64, i64) {
    let mut year = 1970 + day.div_euclid(365); // too late by a few years at most
    while days(year * 12) > day {
        year -= 1;
    }
    while days((year + 1) * 12) <= day {
        year += 1;
    }
    let month = (0..12).rev().find(|m| days(year * 12 + m) <= day).unwrap_or(0);
    (year, month + 1, day - days(year * 12 + month) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // From GNU date: date -u -d @SECONDS
        for (day, expect) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (15_706, (2013, 1, 1)),
            (19_782, (2024, 2, 29)),
            (-25_567, (1900, 1, 1)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
            (-719_162, (1, 1, 1)),
        ] {
            assert_eq!(date(day), expect);
        }
        for day in (-800_000..3_000_000).step_by(997) {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year * 12 + month - 1) + of_month - 1, day);
        }
    }

    #[test]
    fn moments_are_as_exact_as_they_are() {
        // From GNU date: date -u -d @SECONDS
        for (seconds, expect) in [
            (0.0, "1970-01-01"),
            (951_782_400.0, "2000-02-29"),
            (951_825_600.0, "2000-02-29 12:00"),
            (951_825_601.4, "2000-02-29 12:00:01"),
            (-1.0, "1969-12-31 23:59:59"),
            (86_399.7, "1970-01-02"),
            (1e300, "1e300 s"),
            (f64::NAN, "NaN s"),
        ] {
            assert_eq!(moment(seconds), expect);
        }
    }

    fn labels(lo: f64, hi: f64, count: usize) -> String {
        let step = step(lo, hi, count);
        ticks(lo, hi, step).iter().map(|t| label(*t, step)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round() {
        let start = 1_356_998_400.0; // 2013-01-01
        assert_eq!(labels(start, start + 365.0 * DAY, 5), "2013-01 2013-04 2013-07 2013-10 2014-01");
        assert_eq!(labels(start, start + 3.0 * HOUR, 4), "01-01 00:00 01-01 01:00 01-01 02:00 01-01 03:00");
        assert_eq!(labels(start, start + 600.0, 3), "00:00 00:05 00:10");
        assert_eq!(labels(start, start + 9.0 * DAY, 5), "2013-01-01 2013-01-03 2013-01-05 2013-01-07 2013-01-09");
        assert_eq!(labels(start, start + 30.0 * DAY, 4), "2013-01-07 2013-01-14 2013-01-21 2013-01-28");
        assert_eq!(labels(0.0, 50.0 * 365.25 * DAY, 5), "1970 1980 1990 2000 2010 2020");
        assert_eq!(labels(0.0, 0.5, 5), "00:00:00.0 00:00:00.1 00:00:00.2 00:00:00.3 00:00:00.4 00:00:00.5");
        assert_eq!(labels(-1e300, 1e300, 5), "");
    }
}
