//! Attendees as an observed-remove set.

use super::super::hlc::Stamp;
use super::super::keyed::key_of;
use super::super::value::items;
use super::seen::Seen;
use crate::core::json::{Fields, as_string, quote};
use crate::core::map::SortedMap;

/// One addition of somebody: the write that added him, the write that last changed what is said of him, and that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dot {
    pub(super) tag: Stamp,
    changed: Stamp,
    item: String,
}

/// Who is invited. Of an addition and a removal that did not know of each other, the addition stands; a removal and a
/// change of what is said of somebody end in the removal.
#[derive(Debug, Clone, Default)]
pub(super) struct Set {
    /// Additions that stand, by address, each address's by tag.
    pub(super) dots: SortedMap<String, Vec<Dot>>,
    /// Additions that were taken away are in here.
    pub(super) gone: Option<Seen>,
}

impl Set {
    /// The set of the field `list`, whose `stamps` are an object `{gone, tags}`. Whoever is not named in `tags` was added
    /// by the write `most`.
    pub(super) fn read(list: &str, stamps: &Fields, most: &Stamp) -> Self {
        let tags = stamps.get("tags").and_then(|raw| Fields::parse(raw).ok()).unwrap_or_default();
        let mut set = Self { gone: stamps.get("gone").map(Seen::read), ..Self::default() };
        for item in of_list(list) {
            let key = key_of(item);
            let named = tags.get(&key).map(items).unwrap_or_default();
            for raw in &named {
                let parts = items(raw);
                let stamp = |at: usize| {
                    parts.get(at).and_then(|raw| as_string(raw)).and_then(|text| Stamp::parse(&text))
                };
                let tag = stamp(0).unwrap_or_default();
                let changed = stamp(1).unwrap_or_else(|| tag.clone());
                let other = parts.get(2).filter(|other| key_of(other) == key);
                set.put(&key, Dot { tag, changed, item: (*other.unwrap_or(&item)).to_owned() });
            }
            if named.is_empty() {
                set.put(&key, Dot { tag: most.clone(), changed: most.clone(), item: item.to_owned() });
            }
        }
        set
    }

    /// Puts an addition in; of one that is there already, what was changed last counts.
    fn put(&mut self, key: &str, dot: Dot) {
        let Some(dots) = self.dots.get_mut(key) else {
            self.dots.insert(key.to_owned(), vec![dot]);
            return;
        };
        match dots.binary_search_by(|held| held.tag.cmp(&dot.tag)) {
            Ok(at) => {
                if let Some(held) = dots.get_mut(at)
                    && (&dot.changed, &dot.item) > (&held.changed, &held.item)
                {
                    *held = dot;
                }
            }
            Err(at) => dots.insert(at, dot),
        }
    }

    /// The item of an address that is shown.
    fn shown(dots: &[Dot]) -> Option<&Dot> {
        dots.iter().max_by(|a, b| (&a.changed, &a.item, &a.tag).cmp(&(&b.changed, &b.item, &b.tag)))
    }

    /// The field, by address.
    pub(super) fn list(&self) -> String {
        let shown: Vec<&str> =
            self.dots.values().filter_map(|dots| Self::shown(dots)).map(|dot| dot.item.as_str()).collect();
        format!("[{}]", shown.join(","))
    }

    /// What [`Set::read`] needs beside the field.
    pub(super) fn write(&self, most: &Stamp) -> Fields {
        let mut tags = Fields::new();
        for (key, dots) in self.dots.iter() {
            if dots.len() == 1 && dots.iter().all(|dot| dot.tag == *most && dot.changed == *most) {
                continue;
            }
            let shown = Self::shown(dots).map(|dot| &dot.item);
            let written: Vec<String> = dots
                .iter()
                .map(|dot| {
                    let item = if Some(&dot.item) == shown { "" } else { dot.item.as_str() };
                    let mut parts = vec![quote(dot.tag.as_str())];
                    if dot.changed != dot.tag || !item.is_empty() {
                        parts.push(quote(dot.changed.as_str()));
                    }
                    if !item.is_empty() {
                        parts.push(item.to_owned());
                    }
                    format!("[{}]", parts.join(","))
                })
                .collect();
            tags.set(key, &format!("[{}]", written.join(",")));
        }
        let mut stamps = Fields::new();
        if !tags.is_empty() {
            stamps.set("tags", &tags.to_text());
        }
        if let Some(gone) = &self.gone {
            stamps.set("gone", &gone.write());
        }
        stamps
    }

    /// Makes this what `list` says, by the write `stamp`, whose author saw this.
    pub(super) fn change(&mut self, list: &str, stamp: &Stamp) {
        let wanted = Self::read(list, &Fields::new(), stamp);
        for (key, dots) in self.dots.iter_mut() {
            let Some(now) = wanted.dots.get(key).and_then(|dots| Self::shown(dots)) else { continue };
            let said = Self::shown(dots).is_some_and(|shown| shown.item == now.item);
            for dot in dots.iter_mut().filter(|_| !said) {
                (dot.changed, dot.item) = (now.changed.clone(), now.item.clone());
            }
        }
        for (key, dots) in self.dots.iter() {
            if !wanted.dots.contains_key(key) {
                let gone = self.gone.get_or_insert_default();
                dots.iter().for_each(|dot| gone.add(&dot.tag));
            }
        }
        self.dots.retain(|key, _| wanted.dots.contains_key(key));
        for (key, dots) in wanted.dots.iter() {
            if !self.dots.contains_key(key) {
                self.dots.insert(key.clone(), dots.clone());
            }
        }
    }

    /// What both lead to: an addition stands unless one of them saw it and has it no more.
    pub(super) fn join(self, other: &Self) -> Self {
        let has = |set: &Self, key: &str, dot: &Dot| {
            set.dots.get(key).is_some_and(|dots| dots.iter().any(|held| held.tag == dot.tag))
        };
        let took = |set: &Self, key: &str, dot: &Dot| {
            set.gone.as_ref().is_some_and(|gone| gone.covers(&dot.tag)) && !has(set, key, dot)
        };
        let mut both = Self::default();
        for (from, against) in [(&self, other), (other, &self)] {
            for (key, dots) in from.dots.iter() {
                for dot in dots.iter().filter(|dot| !took(against, key, dot)) {
                    both.put(key, dot.clone());
                }
            }
        }
        both.gone = self.gone;
        if let Some(gone) = &other.gone {
            both.gone.get_or_insert_default().join(gone);
        }
        both
    }

    /// Every stamp of the set, to change it.
    pub(super) fn each(&mut self, mut change: impl FnMut(&Stamp) -> Stamp) {
        for dot in self.dots.values_mut().flatten() {
            (dot.tag, dot.changed) = (change(&dot.tag), change(&dot.changed));
        }
        // Two additions can have become one.
        let dots = std::mem::take(&mut self.dots);
        for (key, dot) in dots.iter().flat_map(|(key, dots)| dots.iter().map(move |dot| (key, dot))) {
            self.put(key, dot.clone());
        }
        if let Some(gone) = &mut self.gone {
            gone.each(change);
        }
    }
}

/// The items of the field; what is no list is its only item, and `null` has none.
fn of_list(raw: &str) -> Vec<&str> {
    match raw.as_bytes().first() {
        Some(b'[') => items(raw),
        None | Some(b'n') => Vec::new(),
        Some(_) => vec![raw],
    }
}
