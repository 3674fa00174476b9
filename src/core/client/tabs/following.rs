//! A tab that follows: its pipe to the one that leads.

use super::Client;
use crate::core::client::Dialect;
use crate::core::id::PipeId;
use crate::core::io::PipeEvent;
use crate::core::tabs::{Count, Note, Verb};
use crate::core::time::Now;

impl Client {
    /// Asks whoever leads for a pipe.
    pub(in crate::core::client) fn open_tab(&mut self, now: Now, pipe: PipeId) {
        self.tabs.pipe = Some((pipe, false));
        self.tabs.election.expect_answer(now.mono);
        let (name, identity) = (self.name(), self.identity());
        let number = u64::from(self.tabs.away);
        self.note_to(Note { pipe: pipe.0, number, text: &identity, ..Note::new(Verb::Open, &name) });
    }

    /// Puts a frame on the pipe to the leader, if that is the one in use.
    pub(in crate::core::client) fn put_to_leader(&mut self, pipe: PipeId, frame: &str) -> bool {
        let is_ours = self.tabs.pipe == Some((pipe, true));
        if is_ours {
            self.tabs.told = self.tabs.told.next(false);
            let number = self.tabs.told.number();
            self.note_to_leader(Verb::Frame, pipe, number, frame);
        }
        is_ours
    }

    /// Closes the pipe to the leader, if it is this one.
    pub(in crate::core::client) fn close_tab(&mut self, pipe: PipeId) -> bool {
        let is_ours = self.tabs.pipe.is_some_and(|(ours, _)| ours == pipe);
        if is_ours {
            self.tabs.pipe = None;
            self.note_to_leader(Verb::Close, pipe, 0, "");
        }
        is_ours
    }

    fn note_to_leader(&mut self, verb: Verb, pipe: PipeId, number: u64, text: &str) {
        let name = self.name();
        let leader = self.tabs.election.leader().cloned().unwrap_or_default();
        self.note_to(Note { to: &leader, pipe: pipe.0, number, text, ..Note::new(verb, &name) });
    }

    /// The leader says something.
    pub(super) fn on_leader_note(&mut self, now: Now, note: &Note<'_>) {
        let Some((pipe, is_open)) = self.tabs.pipe else { return };
        let to_all = note.to.is_empty();
        // What is for all is for those whose pipes are open, and from the leader that opened them.
        if to_all && !(is_open && self.tabs.election.is_leader(note.from)) || !to_all && note.pipe != pipe.0 {
            return;
        }
        self.tabs.election.handle_answer(note.from);
        match note.verb {
            Verb::Opened => {
                self.tabs.pipe = Some((pipe, true));
                self.tabs.told = Count::default();
                self.tabs.heard = Count::of(note.number);
                self.known_dialect = if note.text == "baro" { Dialect::Baro } else { Dialect::Plain };
                self.handle_pipe(now, pipe, PipeEvent::Opened);
            }
            Verb::Frame if is_open => {
                let expected = self.tabs.heard.next(to_all);
                let said = Count::of(note.number);
                self.tabs.heard = if to_all { expected.of_all(note.number) } else { said };
                if self.tabs.heard == expected || mutant!(lost_frames_unnoticed) {
                    self.handle_pipe(now, pipe, PipeEvent::Text(note.text));
                } else {
                    // Positions and unanswered writes make up for it on a new pipe.
                    self.session.abandon(now.mono, "a frame between tabs is lost");
                }
            }
            Verb::Close => {
                self.tabs.pipe = None;
                let code = u16::try_from(note.number).unwrap_or(1006);
                self.handle_pipe(now, pipe, PipeEvent::Closed { code, reason: note.text });
            }
            Verb::Refused => {
                let way = self.tabs.election.separate();
                self.on_way(now, way);
            }
            Verb::Frame
            | Verb::Wait
            | Verb::Lead
            | Verb::Ready
            | Verb::Open
            | Verb::Ask
            | Verb::Wrote
            | Verb::Gone => {}
        }
    }
}
