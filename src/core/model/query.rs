//! Which events a reader wants.

use super::date::date_to_ms;
use super::event::EventDoc;

/// What `getEvents` was asked for. Absent limits do not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// Only events that end after this instant (ms since 1970), or begin at it.
    pub from_ms: Option<i64>,
    /// Only events that begin before this instant (ms since 1970).
    pub to_ms: Option<i64>,
    /// Only events of this project.
    pub project: Option<String>,
    /// Only events of this calendar.
    pub calendar: Option<String>,
}

impl Query {
    /// The instant that a limit of a query names.
    ///
    /// # Errors
    /// The limit, if it is no ISO 8601 date.
    pub fn limit(text: &str) -> Result<i64, String> {
        date_to_ms(text).ok_or_else(|| text.to_owned())
    }

    /// Whether `doc` is asked for. The range is half open: what ends at `from` or begins at `to` is outside; an event of
    /// no length counts as inside if it begins in the range. Events without a valid start match no range.
    pub fn matches(&self, doc: &EventDoc) -> bool {
        let named =
            |wanted: &Option<String>, has: Option<&str>| wanted.as_deref().is_none_or(|id| has == Some(id));
        if !named(&self.calendar, doc.calendar.as_deref())
            || !named(&self.project, Some(doc.project_or_default()))
        {
            return false;
        }
        if self.from_ms.is_none() && self.to_ms.is_none() {
            return true;
        }
        let Some(start) = doc.start_ms else { return false };
        let end = doc.end_ms.unwrap_or(start);
        self.to_ms.is_none_or(|to| start < to) && self.from_ms.is_none_or(|from| end > from || start >= from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_half_open() {
        let doc = |start: &str, end: &str| {
            EventDoc::parse(&format!(r#"{{"id":"e","startDate":"{start}","endDate":"{end}"}}"#))
        };
        let query =
            Query { from_ms: date_to_ms("2026-03-02"), to_ms: date_to_ms("2026-03-03"), ..Query::default() };
        let inside = |start, end| doc(start, end).is_ok_and(|doc| query.matches(&doc));
        assert!(inside("2026-03-01", "2026-03-02T00:01"));
        assert!(inside("2026-03-02", "2026-03-02"));
        assert!(!inside("2026-03-01", "2026-03-02"));
        assert!(!inside("2026-03-03", "2026-03-04"));
        assert!(inside("2026-03-01", "2026-03-09"));
    }

    #[test]
    fn an_event_without_a_project_is_of_the_default_one() {
        let doc = EventDoc::parse(r#"{"id":"e"}"#);
        let query = Query { project: Some("default".to_owned()), ..Query::default() };
        assert_eq!(doc.map(|doc| query.matches(&doc)), Ok(true));
    }
}
