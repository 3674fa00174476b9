//! Two versions of an event without a server between them: what the class `ConflictResolver` decides.
//!
//! There is no order of arrival here, so where a strategy goes by who came first, `updatedAt` says so; what has none is the
//! earlier one, and of two of one moment the remote one stays.

use super::{Merged, Strategy, merge};
use crate::core::json::Fields;
use crate::core::model::date_to_ms;

/// What the two versions come to. Without a base, `last_write_wins` and `first_write_wins` take one of them as it is; all
/// else counts as one more merge, with the higher version and the later time of change.
pub fn resolve(strategy: Strategy, local: &Fields, remote: &Fields, base: Option<&Fields>) -> Merged {
    let later = |a: &Fields, b: &Fields| changed_ms(a) > changed_ms(b);
    let (ours, theirs) = match strategy {
        // Of the two, `ours` is what is written on top.
        Strategy::LastWriteWins if later(local, remote) => (local, remote),
        Strategy::LastWriteWins => (remote, local),
        Strategy::FirstWriteWins if later(remote, local) => (remote, local),
        Strategy::FirstWriteWins
        | Strategy::Manual
        | Strategy::Merge
        | Strategy::OperationalTransform
        | Strategy::Crdt => (local, remote),
    };
    match (strategy, base) {
        (Strategy::LastWriteWins, None) => return Merged { event: Some(ours.clone()), ..Merged::default() },
        (Strategy::FirstWriteWins, None) => {
            return Merged { event: Some(theirs.clone()), ..Merged::default() };
        }
        (_, _) => {}
    }
    let mut merged = merge(strategy, base, Some(ours), Some(theirs));
    if let Some(event) = &mut merged.event {
        let newer = if later(local, remote) { local } else { remote };
        if let Some(raw) = newer.get("updatedAt") {
            event.set("updatedAt", raw);
        }
        let newer = if local.u53("version") > remote.u53("version") { local } else { remote };
        if let Some(raw) = newer.get("version") {
            event.set("version", raw);
        }
    }
    merged
}

fn changed_ms(event: &Fields) -> Option<i64> {
    event.string("updatedAt").and_then(|text| date_to_ms(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLY: &str = r#"{"id":"e","title":"a","x":1,"version":2,"updatedAt":"2026-03-01T10:00:00Z"}"#;
    const LATE: &str = r#"{"id":"e","title":"b","y":1,"version":1,"updatedAt":"2026-03-01T11:00:00+00:00"}"#;

    fn resolved(strategy: Strategy, local: &str, remote: &str, base: Option<&str>) -> String {
        let fields = |text: &str| Fields::parse(text).unwrap_or_default();
        let base = base.map(fields);
        let merged = resolve(strategy, &fields(local), &fields(remote), base.as_ref());
        merged.event.map(|event| event.to_text()).unwrap_or_default()
    }

    #[test]
    fn the_time_of_change_says_who_came_first() {
        for (local, remote) in [(EARLY, LATE), (LATE, EARLY)] {
            assert_eq!(resolved(Strategy::LastWriteWins, local, remote, None), LATE);
            assert_eq!(resolved(Strategy::FirstWriteWins, local, remote, None), EARLY);
        }
        let nothing = r#"{"id":"e","title":"c"}"#;
        for strategy in [Strategy::LastWriteWins, Strategy::FirstWriteWins] {
            assert_eq!(resolved(strategy, nothing, r#"{"id":"e"}"#, None), r#"{"id":"e"}"#, "the remote one");
        }
    }

    #[test]
    fn with_a_base_what_only_one_changed_stays() {
        let base = Some(r#"{"id":"e","title":"a","x":1}"#);
        let last =
            resolved(Strategy::LastWriteWins, LATE, r#"{"id":"e","title":"c","x":2,"version":4}"#, base);
        assert_eq!(
            last,
            r#"{"id":"e","title":"b","version":4,"y":1,"updatedAt":"2026-03-01T11:00:00+00:00"}"#
        );
        let first = resolved(Strategy::FirstWriteWins, LATE, EARLY, Some(r#"{"id":"e","title":"a","x":1}"#));
        assert_eq!(
            first,
            r#"{"id":"e","title":"b","version":2,"updatedAt":"2026-03-01T11:00:00+00:00","y":1}"#
        );
    }

    #[test]
    fn a_merge_has_the_higher_version_and_the_later_time() {
        let merged = resolved(Strategy::Merge, LATE, EARLY, Some(r#"{"id":"e","title":"a","x":1}"#));
        assert_eq!(
            merged,
            r#"{"id":"e","title":"b","version":2,"updatedAt":"2026-03-01T11:00:00+00:00","y":1}"#
        );
    }
}
