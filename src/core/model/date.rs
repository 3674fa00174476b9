//! ISO 8601 dates, as `CalendarEvent` writes them.

/// Milliseconds since 1970 of an ISO 8601 date or date and time: `2026-03-01`, `2026-03-01T09:00`,
/// `2026-03-01T09:00:00.000Z`, `2026-03-01T09:00:00+09:00`. A time without a zone counts as UTC: it is compared only
/// with others of its kind. `None` for everything else, impossible days included.
pub fn date_to_ms(text: &str) -> Option<i64> {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at)?, Some(text.get(at + 1..)?)),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    Some(days * 86_400_000 + time.map_or(Some(0), time_to_ms)?)
}

/// `ms` since 1970 as `2026-03-01T09:00:00.000Z`, for years 0 to 9999.
pub fn iso_from_ms(ms: u64) -> String {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX).min(253_402_300_799_999);
    let (days, time) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (year, month, day) = civil_from_days(days);
    let (hours, minutes, seconds) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", time % 1000)
}

/// The date `text`, `by_ms` later on its own clock and written as it was: date only, local, with an offset or in UTC, with
/// as many digits. `None` if it is no date, if a date alone would have to become a time, or out of the years 0 to 9999.
pub fn shift_date(text: &str, by_ms: i64) -> Option<String> {
    let at = text.find(['T', 't', ' ']);
    let (date, time) = at.map_or((text, None), |at| (text.get(..at).unwrap_or_default(), text.get(at..)));
    let clock_length = |time: &str| time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.map_or(("", ""), |time| time.split_at(clock_length(time)));
    date_to_ms(text)?;
    let ms = date_to_ms(date)? + time.map_or(Some(0), |_| time_to_ms(clock.get(1..)?))? + by_ms;
    let (days, ms) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (year, month, day) = civil_from_days(days);
    if !(0..=9999).contains(&year) || (time.is_none() && ms != 0) {
        return None;
    }
    let mut out = format!("{year:04}-{month:02}-{day:02}");
    let Some(mark) = clock.get(..1) else { return Some(out) };
    out.push_str(&format!("{mark}{:02}:{:02}", ms / 3_600_000, ms / 60_000 % 60));
    let fraction = clock.split_once('.').map(|(_, fraction)| fraction);
    if clock.len() > 6 || ms % 60_000 != 0 {
        out.push_str(&format!(":{:02}", ms / 1000 % 60));
    }
    let fraction = match fraction {
        // Digits that a date does not count in are kept.
        Some(fraction) if by_ms % 1000 == 0 => format!(".{fraction}"),
        Some(fraction) => format!(".{:03}{}", ms % 1000, fraction.get(3..).unwrap_or_default()),
        None if ms % 1000 != 0 => format!(".{:03}", ms % 1000),
        None => String::new(),
    };
    out.push_str(&fraction);
    out.push_str(zone);
    Some(out)
}

fn time_to_ms(text: &str) -> Option<i64> {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone_at);
    let mut parts = clock.splitn(3, ':');
    let hours = digits(parts.next()?, 2)?;
    let minutes = digits(parts.next()?, 2)?;
    let (seconds, ms) = match parts.next() {
        None => (0, 0),
        Some(text) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
            if fraction.is_empty() || fraction.len() > 9 {
                return None;
            }
            let scale = 10_i64.pow(u32::try_from(fraction.len()).ok()?);
            (digits(whole, 2)?, digits(fraction, fraction.len())? * 1000 / scale)
        }
    };
    if hours > 24 || minutes > 59 || seconds > 60 || (hours == 24 && minutes + seconds + ms > 0) {
        return None;
    }
    let offset = match zone.as_bytes() {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), ..] => {
            let zone = zone.get(1..)?;
            let (hours, minutes) = match zone.split_once(':') {
                Some((hours, minutes)) => (digits(hours, 2)?, digits(minutes, 2)?),
                None if zone.len() == 4 => (digits(zone.get(..2)?, 2)?, digits(zone.get(2..)?, 2)?),
                None => (digits(zone, 2)?, 0),
            };
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 60 + minutes) * if *sign == b'-' { -60_000 } else { 60_000 }
        }
        _ => return None,
    };
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + ms - offset)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970; Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse, `civil_from_days` of the same source.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!(date_to_ms("1970-01-01"), Some(0));
        assert_eq!(date_to_ms("2026-11-21T01:35:00.250Z"), Some(1_795_224_900_250));
        assert_eq!(date_to_ms("2026-11-21T10:35:00.25+09:00"), Some(1_795_224_900_250));
        assert_eq!(date_to_ms("2026-11-21T10:35"), date_to_ms("2026-11-21T10:35:00Z"));
        assert_eq!(date_to_ms("2024-02-29T24:00"), date_to_ms("2024-03-01"));
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-29",
            "2026-1-1",
            "2026-01-01T25:00",
            "2026-01-01T10",
            "2026-01-01T10:00:00.",
            "2026-01-01T10:00+25:00",
            "next week",
            "2026-01-01Tten",
            "２０２６-01-01",
        ] {
            assert_eq!(date_to_ms(text), None, "{text}");
        }
    }

    #[test]
    fn a_shifted_date_keeps_its_form() {
        let (hour, day) = (3_600_000, 86_400_000);
        for (text, by, expected) in [
            ("2026-02-28", day, Some("2026-03-01")),
            ("2026-02-28", hour, None),
            ("2026-03-28T09:00", day, Some("2026-03-29T09:00")),
            ("2026-03-28 09:00", 90_000, Some("2026-03-28 09:01:30")),
            ("2026-12-31T23:30:00.000Z", hour, Some("2027-01-01T00:30:00.000Z")),
            ("2026-03-02T09:00:00+09:00", -hour * 10, Some("2026-03-01T23:00:00+09:00")),
            ("2026-03-02T24:00-0500", hour, Some("2026-03-03T01:00-0500")),
            ("2026-03-02T09:00:00.123456", hour, Some("2026-03-02T10:00:00.123456")),
            ("2026-03-02T09:00:00.123456", 7, Some("2026-03-02T09:00:00.130456")),
            ("1949-12-31T23:00", hour, Some("1950-01-01T00:00")),
            ("9999-12-31T23:00", hour, None),
            ("soon", hour, None),
            ("2026-03-02T", hour, None),
        ] {
            assert_eq!(shift_date(text, by).as_deref(), expected, "{text} {by}");
        }
    }

    #[test]
    fn every_day_of_eight_centuries_survives_a_round_trip() {
        for day in 0..292_194_u64 {
            let iso = iso_from_ms(day * 86_400_000 + 1);
            assert_eq!(date_to_ms(&iso), i64::try_from(day * 86_400_000 + 1).ok(), "{iso}");
        }
    }
}
