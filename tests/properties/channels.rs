//! Whatever is lost, repeated or cut: changes are applied once each, in order, and in the end all of them.

use std::collections::VecDeque;
use std::sync::Arc;

use baro_realtime::core::delivery::{Arrival, Channels, Position};
use proptest::prelude::*;

const NAME: &str = "project:p";

#[derive(Debug, Clone)]
enum Step {
    /// The server has another change.
    Change,
    /// The next message arrives.
    Deliver,
    /// The next message is lost.
    Lose,
    /// An earlier change arrives again.
    Repeat(prop::sample::Index),
    /// The connection ends and another one begins.
    Cut,
    /// The server loses its history.
    Forget,
    /// The next answer is the whole content, in two parts.
    Trim,
    /// A pong tells the head.
    Pong,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Change),
        12 => Just(Step::Deliver),
        2 => Just(Step::Lose),
        2 => any::<prop::sample::Index>().prop_map(Step::Repeat),
        2 => Just(Step::Cut),
        1 => Just(Step::Forget),
        1 => Just(Step::Trim),
        2 => Just(Step::Pong),
    ]
}

#[derive(Debug, Clone)]
enum Message {
    Change(u64),
    Recovered { epoch: u64, seq: u64 },
    Content { epoch: u64, seq: u64, first: bool },
}

/// A server with one channel, the way to its one client, and that client's channels.
#[derive(Debug, Default)]
struct World {
    epoch: u64,
    head: u64,
    trimmed: bool,
    subscribed: bool,
    way: VecDeque<Message>,
    channels: Channels,
    /// What was applied last, and in which history.
    applied: (u64, u64),
    requests: u64,
}

impl World {
    fn ask(&mut self) {
        self.requests += 1;
        let request = self.channels.request(NAME, self.requests.to_string(), 0).unwrap();
        let position = self.channels.position(NAME).cloned();
        let known = position.filter(|position| {
            request.contains("\"seq\"")
                && position.epoch == self.epoch.to_string()
                && position.seq <= self.head
        });
        let (epoch, seq) = (self.epoch, self.head);
        match known.filter(|_| !self.trimmed) {
            Some(position) => {
                self.way.push_back(Message::Recovered { epoch, seq });
                self.way.extend((position.seq + 1..=seq).map(Message::Change));
            }
            None => {
                self.way.push_back(Message::Content { epoch, seq, first: true });
                self.way.push_back(Message::Content { epoch, seq, first: false });
            }
        }
        self.trimmed = false;
        self.subscribed = true;
    }

    fn apply(&mut self, seq: u64) {
        assert_eq!(seq, self.applied.1 + 1, "applied out of order");
        self.applied.1 = seq;
    }

    fn apply_held(&mut self) {
        while let Some(text) = self.channels.next_held(NAME) {
            self.apply(text.parse().unwrap());
        }
    }

    fn arrive(&mut self, message: &Message) {
        match message {
            Message::Change(seq) => match self.channels.arrive(NAME, *seq, || seq.to_string().into()) {
                // Before any answer there is no position to hold it against.
                Arrival::Next if self.channels.position(NAME).is_none() => {}
                Arrival::Next => {
                    self.apply(*seq);
                    self.apply_held();
                }
                Arrival::Gap => self.ask(),
                Arrival::Repeated | Arrival::Held => {}
            },
            Message::Recovered { epoch, seq } => {
                let position = Position { epoch: epoch.to_string(), seq: *seq };
                self.channels.answered(NAME, position, true);
                self.apply_held();
            }
            Message::Content { epoch, seq, first } => {
                if *first {
                    let position = Position { epoch: epoch.to_string(), seq: *seq };
                    self.channels.answered(NAME, position, false);
                }
                if self.channels.add_content(NAME, vec![Arc::from("x")], *first).is_some() {
                    assert!(*epoch != self.applied.0 || *seq >= self.applied.1, "content went back");
                    self.applied = (*epoch, *seq);
                    self.apply_held();
                }
            }
        }
    }

    fn cut(&mut self) {
        self.way.clear();
        self.channels.connection_ended();
        self.ask();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn every_change_is_applied_once_and_in_order(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::default();
        world.channels.subscribe(NAME);
        world.ask();
        for step in steps {
            match step {
                Step::Change => {
                    world.head += 1;
                    let seq = world.head;
                    world.way.push_back(Message::Change(seq));
                }
                Step::Deliver => {
                    if let Some(message) = world.way.pop_front() {
                        world.arrive(&message);
                    }
                }
                Step::Lose => {
                    // Answers are not lost without the connection.
                    if matches!(world.way.front(), Some(Message::Change(_))) {
                        world.way.pop_front();
                    }
                }
                Step::Repeat(at) => {
                    if world.applied.1 > 0 && world.applied.0 == world.epoch {
                        let seq = 1 + at.index(usize::try_from(world.applied.1).unwrap()) as u64;
                        world.arrive(&Message::Change(seq));
                    }
                }
                Step::Cut => world.cut(),
                Step::Forget => {
                    world.epoch += 1;
                    world.head = 0;
                    world.cut();
                }
                Step::Trim => world.trimmed = true,
                Step::Pong => {
                    if world.way.is_empty() && world.channels.is_behind(NAME, world.head) {
                        world.ask();
                    }
                }
            }
        }
        for _ in 0..3 {
            while let Some(message) = world.way.pop_front() {
                world.arrive(&message);
            }
            if world.channels.is_behind(NAME, world.head) {
                world.ask();
            }
        }
        prop_assert_eq!(world.applied, (world.epoch, world.head));
    }
}
