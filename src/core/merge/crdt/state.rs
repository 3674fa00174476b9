//! An event taken apart into what is merged by stamps, and put together again.

use super::super::group::{Group, is_merged};
use super::super::hlc::Stamp;
use super::seen::Seen;
use super::set::Set;
use crate::core::json::Fields;
use crate::core::map::{SortedMap, insert_sorted};

/// The reserved field that holds the stamps.
pub const STAMPS: &str = "$stamps";

/// Fields that go together, and the write that set them last. What was set later is greater; of what two set at one
/// time, the greater value.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Register {
    pub(super) stamp: Stamp,
    /// By name.
    pub(super) values: Vec<(String, String)>,
}

/// An event as a join-semilattice.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Fields that are never merged: the greater one counts.
    pub(super) fixed: SortedMap<String, String>,
    /// By the name of a field of the group.
    pub(super) registers: SortedMap<String, Register>,
    pub(super) attendees: Option<Set>,
    /// What was there when somebody deleted the event.
    pub(super) deleted: Option<Seen>,
}

/// The name under which the group of a field is kept.
pub(super) fn register_of(field: &str) -> &str {
    match Group::of(field) {
        Group::Time => "startDate",
        Group::Recurrence => "recurrence",
        Group::Calendar => "calendarId",
        Group::Field(field) => field,
    }
}

/// Which of two values of a field that only the server sets is later: of numbers the greater one, else as text.
fn later(a: &str, b: &str) -> bool {
    let digits = |raw: &str| !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit());
    let rank = |raw: &str| if digits(raw) { raw.len() } else { 0 };
    (rank(a), a) > (rank(b), b)
}

impl State {
    /// Reads an event or a write. `$stamps` is `{most, own, attendees, deleted}`: the stamp of whatever `own` does not
    /// name, the stamps of single groups, those of the attendees, and what a deletion had seen.
    pub(super) fn read(event: &Fields) -> Self {
        let object = |raw: Option<&str>| raw.and_then(|raw| Fields::parse(raw).ok()).unwrap_or_default();
        let stamps = object(event.get(STAMPS));
        let stamp = |fields: &Fields, key: &str| fields.string(key).and_then(|text| Stamp::parse(&text));
        let most = stamp(&stamps, "most").unwrap_or_default();
        let mut state = Self::default();
        for (field, raw) in event.iter() {
            if field == STAMPS || field == "attendees" {
                continue;
            }
            if !is_merged(field) {
                state.fixed.insert(field.to_owned(), raw.to_owned());
                continue;
            }
            let value = (field.to_owned(), raw.to_owned());
            let key = register_of(field);
            match state.registers.get_mut(key) {
                Some(register) => insert_sorted(&mut register.values, value),
                None => {
                    let register = Register { stamp: most.clone(), values: vec![value] };
                    state.registers.insert(key.to_owned(), register);
                }
            }
        }
        let own = object(stamps.get("own"));
        for (key, _) in own.iter().filter(|(key, _)| register_of(key) == *key && is_merged(key)) {
            let stamp = stamp(&own, key).unwrap_or_default();
            match state.registers.get_mut(key) {
                Some(register) => register.stamp = stamp,
                None => drop(state.registers.insert(key.to_owned(), Register { stamp, values: Vec::new() })),
            }
        }
        // Without a stamp it is nothing; with one it is the absence of a value.
        state.registers.retain(|_, register| *register != Register::default());
        let of_attendees = stamps.get("attendees");
        if event.get("attendees").is_some() || of_attendees.is_some() {
            let list = event.get("attendees").unwrap_or("[]");
            state.attendees = Some(Set::read(list, &object(of_attendees), &most));
        }
        state.deleted = stamps.get("deleted").map(Seen::read);
        state
    }

    /// The event: `id` first, then by name, so that equal states are equal texts.
    pub(super) fn write(&self) -> Fields {
        self.write_beside(&self.most())
    }

    /// The event, with the stamp `most` for whatever is not named.
    pub(super) fn write_beside(&self, most: &Stamp) -> Fields {
        let mut all: SortedMap<&str, String> = SortedMap::default();
        let mut own = Fields::new();
        for (key, register) in self.registers.iter() {
            for (field, raw) in &register.values {
                all.insert(field, raw.clone());
            }
            if register.values.is_empty() || register.stamp != *most {
                own.set_string(key, register.stamp.as_str());
            }
        }
        let mut stamps = Fields::new();
        if !most.is_zero() {
            stamps.set_string("most", most.as_str());
        }
        if !own.is_empty() {
            stamps.set("own", &own.to_text());
        }
        if let Some(set) = &self.attendees {
            all.insert("attendees", set.list());
            let of_attendees = set.write(most);
            if !of_attendees.is_empty() {
                stamps.set("attendees", &of_attendees.to_text());
            }
        }
        if let Some(deleted) = &self.deleted {
            stamps.set("deleted", &deleted.write());
        }
        if !stamps.is_empty() {
            all.insert(STAMPS, stamps.to_text());
        }
        let mut event = Fields::new();
        if let Some(id) = self.fixed.get("id") {
            event.set("id", id);
        }
        for (field, raw) in self.fixed.iter() {
            all.insert(field, raw.clone());
        }
        for (field, raw) in all.iter() {
            event.set(field, raw);
        }
        event
    }

    /// The stamp that is not written for each: the one that most share, of two the earlier one.
    fn most(&self) -> Stamp {
        let mut counts: SortedMap<&Stamp, usize> = SortedMap::default();
        let registers = self.registers.values().filter(|register| !register.values.is_empty());
        for stamp in registers.map(|register| &register.stamp).chain(self.tags()) {
            let count = counts.get(stamp).copied().unwrap_or(0);
            counts.insert(stamp, count + 1);
        }
        let most = counts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        most.map(|(stamp, _)| (*stamp).clone()).unwrap_or_default()
    }

    fn tags(&self) -> impl Iterator<Item = &Stamp> {
        self.attendees.iter().flat_map(|set| set.dots.values()).flatten().map(|dot| &dot.tag)
    }

    /// What somebody has seen who sees this.
    pub(super) fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        self.registers
            .values()
            .map(|register| &register.stamp)
            .chain(self.tags())
            .for_each(|stamp| seen.add(stamp));
        seen
    }

    /// The latest of all stamps that `counts`.
    pub(super) fn newest(&self, counts: impl Fn(&Stamp) -> bool) -> Stamp {
        let mut newest = Stamp::default();
        self.clone().each(|stamp| {
            if *stamp > newest && counts(stamp) {
                newest = stamp.clone();
            }
            stamp.clone()
        });
        newest
    }

    /// What both lead to.
    pub(super) fn join(mut self, other: Self) -> Self {
        for (field, raw) in other.fixed.iter() {
            if self.fixed.get(field).is_none_or(|held| later(raw, held)) {
                self.fixed.insert(field.clone(), raw.clone());
            }
        }
        for (key, register) in other.registers.iter() {
            if self.registers.get(key).is_none_or(|held| register > held) {
                self.registers.insert(key.clone(), register.clone());
            }
        }
        self.attendees = match (self.attendees, other.attendees) {
            (Some(a), Some(b)) => Some(a.join(&b)),
            (a, b) => a.or(b),
        };
        if let Some(deleted) = other.deleted {
            self.deleted.get_or_insert_default().join(&deleted);
        }
        self
    }

    /// Every stamp, to change it.
    pub(super) fn each(&mut self, mut change: impl FnMut(&Stamp) -> Stamp) {
        for register in self.registers.values_mut() {
            register.stamp = change(&register.stamp);
        }
        if let Some(set) = &mut self.attendees {
            set.each(&mut change);
        }
        if let Some(deleted) = &mut self.deleted {
            deleted.each(change);
        }
    }

    /// Lets removals of before `ms` share one stamp.
    pub(super) fn forget_before(&mut self, ms: u64) {
        let gone = self.attendees.as_mut().and_then(|set| set.gone.as_mut());
        for seen in gone.into_iter().chain(&mut self.deleted) {
            seen.fold_before(ms);
        }
    }

    /// Whether something is there that no deletion saw: a value, or somebody invited. What was said of somebody is not
    /// enough.
    pub(super) fn is_alive(&self) -> bool {
        let Some(deleted) = &self.deleted else { return true };
        let semantic = self.registers.iter().filter(|(key, _)| *key != "alerts");
        let values = semantic.map(|(_, register)| &register.stamp);
        values.chain(self.tags()).any(|stamp| !deleted.covers(stamp))
    }
}
