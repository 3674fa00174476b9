//! What was true once: a server that is brought back to an older state has not decided what it decided since. And `I19`:
//! what it has decided changes nothing when it comes again.

use std::collections::{BTreeMap, BTreeSet};

use baro_realtime_server::ledger::{Stamp, Tables, Verdict, Write, decide};
use baro_realtime_server::limits::Rules;

use super::channels::Lineage;
use super::{Judge, Violation};
use crate::server::Server;

/// Everything that is known of the server's data at some time.
#[derive(Debug)]
pub(crate) struct Past {
    decided: BTreeMap<(String, u64), Verdict>,
    last_decided: BTreeMap<String, u64>,
    marks: BTreeSet<String>,
    done: Vec<Write>,
    lineage: Lineage,
}

impl Judge {
    /// What is true now.
    pub(crate) fn remember(&self) -> Past {
        let decided = self.facts.iter().filter_map(|(id, fact)| Some((id.clone(), fact.decided?)));
        Past {
            decided: decided.collect(),
            last_decided: self.last_decided.clone(),
            marks: self.marks.clone(),
            done: self.done.clone(),
            lineage: self.log.present().clone(),
        }
    }

    /// The server's data is what it was then. What was decided since is not, though its author may know that it was.
    pub(crate) fn go_back(&mut self, past: Past) {
        for (id, fact) in &mut self.facts {
            let then = past.decided.get(id).copied();
            if then.is_none() && fact.decided.is_some() {
                fact.undone = fact.decided;
            }
            fact.decided = then;
        }
        self.restored = true;
        self.last_decided = past.last_decided;
        self.marks = past.marks;
        self.done = past.done;
        *self.log.present_mut() = past.lineage;
        self.ordered.iter_mut().for_each(|ordered| *ordered = false);
    }

    /// Everything that was decided comes once more, and changes nothing.
    pub(crate) fn changes_nothing_again(&self, server: &Server) -> Result<(), Violation> {
        let mut tables = server.tables.clone();
        tables.set_failing(false);
        let before = tables.all_events();
        let stamp = Stamp { wall_ms: 0, event_id: "again".to_owned() };
        for write in &self.done {
            let verdict =
                decide(&mut tables, &Rules::default(), write, &stamp).map(|decision| decision.verdict);
            if verdict != Ok(Verdict::Duplicate) {
                let what = format!("{:?} comes again and is {verdict:?}", write.stream);
                return Err(Violation::new("I19", what));
            }
        }
        if tables.all_events() == before {
            return Ok(());
        }
        Err(Violation::new("I19", "what was decided changes the data when it comes again".to_owned()))
    }
}
