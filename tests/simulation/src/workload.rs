//! What people do with their programs. Every write carries a value that no other carries, so that what is lost or doubled
//! can be told by name.

use baro_realtime::core::io::{Call, Reply};
use baro_realtime::core::model::Query;

use crate::judge::Violation;
use crate::options::Class;
use crate::queue::Happening;
use crate::world::World;

/// Most writes of one burst: more than may be under way at a time.
const BURST: u64 = 45;

impl World {
    /// A user does something, and will do something again.
    pub(crate) fn work(&mut self, d: usize) -> Result<(), Violation> {
        if self.now >= self.options.storm_ms {
            return Ok(());
        }
        let life = self.devices[d].lives;
        let at = self.now + 1 + self.dice.workload.around(self.options.work_ms);
        self.queue.push(at, Happening::Work(d, life));
        if self.devices[d].program.as_ref().is_none_or(|program| program.destroyed) {
            return Ok(());
        }
        match self.dice.workload.below(100) {
            0..20 => self.create(d),
            20..56 => self.update(d),
            56..66 => self.delete(d),
            66..67 => {
                for _ in 0..self.dice.workload.between(2, BURST) {
                    self.update(d)?;
                }
                Ok(())
            }
            67..73 => self.change_subscriptions(d),
            73..78 => self.send_message(d),
            78..81 => self.call(d, Call::Flush).map(|_| ()),
            81..84 => self.settle_failed(d),
            84..85 => self.resolve_conflicts(d),
            85..89 if self.options.has(Class::Calls) && !self.healed => self.change_connection(d),
            _ => self.point(d),
        }
    }

    fn mark(&mut self, d: usize) -> String {
        self.marks += 1;
        format!("m{}d{d}", self.marks)
    }

    fn hot(&mut self) -> String {
        format!("e{}", self.dice.workload.below(self.options.hot))
    }

    fn project(&mut self) -> &'static str {
        match self.dice.workload.below(12) {
            0 => "px",
            1..5 => "p1",
            _ => "p0",
        }
    }

    fn create(&mut self, d: usize) -> Result<(), Violation> {
        let mark = self.mark(d);
        let id =
            if self.dice.workload.chance(85) { format!("\"id\":\"{}\",", self.hot()) } else { String::new() };
        let project = self.project();
        let calendar =
            if self.dice.workload.chance(30) { ",\"calendarId\":\"c0\"".to_owned() } else { String::new() };
        let data = format!(
            "{{{id}\"title\":\"new {mark}\",\"startDate\":\"2026-03-01T10:00:00Z\",\"endDate\":\"2026-03-01T11:00:00Z\",\
             \"projectId\":\"{project}\"{calendar},\"mark\":\"{mark}\"}}"
        );
        self.call(d, Call::Create(data)).map(|_| ())
    }

    /// An event that the program shows, or any of the hot ones.
    fn target(&mut self, d: usize) -> String {
        let hot = self.hot();
        let Some(program) = &self.devices[d].program else { return hot };
        let shown: Vec<String> = program
            .client
            .store()
            .query(&Query::default())
            .into_iter()
            .map(|shown| shown.doc.id.to_string())
            .collect();
        self.dice.workload.pick(&shown).cloned().unwrap_or(hot)
    }

    fn update(&mut self, d: usize) -> Result<(), Violation> {
        let (id, mark) = (self.target(d), self.mark(d));
        let more = match self.dice.workload.below(20) {
            0 => format!(",\"projectId\":\"{}\"", self.project()),
            1 => ",\"calendarId\":\"c0\"".to_owned(),
            2 => ",\"calendarId\":null".to_owned(),
            3..6 => format!(",\"title\":\"again {mark}\""),
            6 => format!(",\"extra\":{{\"by\":[{d},null,1.0]}}"),
            7..9 => {
                let hour = 10 + self.dice.workload.below(8);
                format!(
                    ",\"startDate\":\"2026-03-01T{hour}:00:00Z\",\"endDate\":\"2026-03-01T{}:00:00Z\"",
                    hour + 1
                )
            }
            9 => format!(",\"endDate\":\"2026-03-0{}T20:00:00Z\"", 1 + self.dice.workload.below(3)),
            10 => {
                let people = ["ana@x.org", "Ben@x.org", "cy@x.org"];
                let some = self.dice.workload.below(8);
                let listed = people.iter().enumerate().filter(|(bit, _)| some >> bit & 1 == 1);
                let listed: Vec<String> = listed.map(|(_, person)| format!("\"{person}\"")).collect();
                format!(",\"attendees\":[{}]", listed.join(","))
            }
            11 => self.reworded(d, &id),
            _ => String::new(),
        };
        self.call(d, Call::Update(id, format!("{{\"mark\":\"{mark}\"{more}}}"))).map(|_| ())
    }

    /// A title with a word more, in front or at the end.
    fn reworded(&mut self, d: usize, id: &str) -> String {
        let word = ["late", "\u{1f389}", "r\u{e9}union"];
        let word = self.dice.workload.pick(&word).copied().unwrap_or_default();
        let front = self.dice.workload.chance(50);
        let program = self.devices[d].program.as_ref();
        let shown = program.and_then(|program| program.client.store().shown(id));
        let title = shown.and_then(|shown| shown.doc.fields().string("title")).unwrap_or_default();
        let title: String = title.chars().take(200).collect();
        let title = if front { format!("{word} {title}") } else { format!("{title} {word}") };
        format!(",\"title\":{}", serde_json::Value::String(title))
    }

    /// Decides what waits for a person: for the own version, for the other one, or that there is none.
    pub(crate) fn resolve_conflicts(&mut self, d: usize) -> Result<(), Violation> {
        let Some(program) = &self.devices[d].program else { return Ok(()) };
        let waiting: Vec<_> = program.client.conflicts().cloned().collect();
        for conflict in waiting {
            let decided = match self.dice.workload.below(5) {
                0..2 => conflict.local.clone(),
                2..4 => conflict.remote.clone(),
                _ => None,
            };
            let mark = decided.as_ref().and_then(|event| event.string("mark"));
            self.judge.resolves(d, &conflict.event, mark);
            let decided = decided.map_or_else(|| "null".to_owned(), |event| event.to_text());
            self.call(d, Call::ResolveConflict(conflict.id.clone(), decided))?.ok();
        }
        Ok(())
    }

    fn delete(&mut self, d: usize) -> Result<(), Violation> {
        let id = self.target(d);
        self.call(d, Call::Delete(id)).map(|_| ())
    }

    /// Subscribes, and remembers it.
    pub(crate) fn subscribe(&mut self, d: usize, channel: &str) -> Result<(), Violation> {
        let Some(program) = &mut self.devices[d].program else { return Ok(()) };
        let count = program.subscriptions.entry(channel.to_owned()).or_default();
        *count += 1;
        if *count == 1 {
            self.judge.subscribed(d);
        }
        let waits = self.call(d, Call::Subscribe(channel.to_owned()))?;
        if let (Ok(Reply::Ticket(ticket)), Some(program)) = (waits, &mut self.devices[d].program) {
            program.asked.insert(ticket, channel.to_owned());
        }
        Ok(())
    }

    fn change_subscriptions(&mut self, d: usize) -> Result<(), Violation> {
        let channels = ["project:p0", "project:p1", "calendar:c0", "project:px", "room:lobby"];
        let at = self.dice.workload.below(channels.len() as u64) as usize;
        let channel = channels.get(at).copied().unwrap_or("project:p0");
        let leave = self.dice.workload.chance(40);
        let Some(program) = &mut self.devices[d].program else { return Ok(()) };
        match program.subscriptions.get_mut(channel) {
            Some(count) if leave => {
                *count -= 1;
                if *count == 0 {
                    program.subscriptions.remove(channel);
                }
                self.call(d, Call::Unsubscribe(channel.to_owned())).map(|_| ())
            }
            Some(_) | None if !leave => self.subscribe(d, channel),
            _ => Ok(()),
        }
    }

    fn send_message(&mut self, d: usize) -> Result<(), Violation> {
        let ack = self.dice.workload.chance(50).then_some(None);
        let kind = if self.dice.workload.chance(50) { "ping" } else { "note" };
        self.call(d, Call::Send { kind: kind.to_owned(), payload: "[1]".to_owned(), ack }).map(|_| ())
    }

    fn point(&mut self, d: usize) -> Result<(), Violation> {
        let (x, y) = (self.dice.workload.below(1_000), self.dice.workload.below(1_000));
        self.call(d, Call::Cursor(format!("{{\"x\":{x},\"y\":{y}}}"))).map(|_| ())
    }

    fn settle_failed(&mut self, d: usize) -> Result<(), Violation> {
        let Some(program) = &self.devices[d].program else { return Ok(()) };
        let first =
            program.client.failed().next().map(|(key, failed)| (key.clone(), failed.write.body.clone()));
        let Some((key, body)) = first else { return Ok(()) };
        let again = self.dice.workload.chance(50);
        self.judge.buried(&key, again.then_some(&*body));
        let call = if again { Call::RetryFailed(key.clone()) } else { Call::DiscardFailed(key.clone()) };
        self.call(d, call)?.ok();
        let newest = self.devices[d].program.as_ref().and_then(|program| program.client.pending().last());
        if let Some(id) = newest.filter(|_| again).map(|write| write.id.clone()) {
            self.judge.retried(d, (id.client.to_string(), id.seq), key);
        }
        Ok(())
    }

    fn change_connection(&mut self, d: usize) -> Result<(), Violation> {
        let call = match self.dice.workload.below(4) {
            0 => Call::Disconnect,
            1 => Call::Reconnect,
            _ => Call::Connect,
        };
        self.judge.may_attempt(d);
        self.call(d, call).map(|_| ())
    }
}
