//! The connection's state machine in any order of inputs: late answers, sockets that say something after their end,
//! every signal at any moment. The guarantees stand in `docs/CONNECTION.md`.

use std::collections::BTreeSet;

use baro_realtime::core::config::{Config, Value};
use baro_realtime::core::id::PipeId;
use baro_realtime::core::rng::Rng;
use baro_realtime::core::session::{Action, Session, Signal, State};
use baro_realtime::core::time::Timestamp;
use baro_realtime::core::transport::Way;
use proptest::prelude::*;

/// With [`CASES`] this makes 108,000 steps.
const STEPS: usize = 120;
const CASES: u32 = 900;

#[derive(Debug, Clone)]
enum Step {
    Connect,
    Disconnect,
    Reconnect,
    /// Of the pipes that there ever were, counted from the newest.
    Opened(usize),
    Closed(usize, u16),
    Heard,
    HeardAside(usize),
    Accepted,
    Refused,
    Abandon,
    Drain(u64),
    Token(bool),
    Signal(Signal),
    Busy(bool, bool),
    Recall(u64),
    /// Who leads among the tabs that share a connection.
    Way(Way),
    WayOpen,
    /// So many ms later, without a tick.
    Late(u64),
    /// To the next deadline, and it is told.
    Timeout,
}

fn step() -> impl Strategy<Value = Step> {
    let signal = prop::sample::select(vec![
        Signal::Online,
        Signal::Offline,
        Signal::Visible,
        Signal::Resumed,
        Signal::Hidden,
        Signal::Frozen,
        Signal::Suspended,
    ]);
    let way = prop::sample::select(vec![Way::Own, Way::Own, Way::Tab, Way::Tab, Way::Unsettled]);
    let code = prop::sample::select(vec![1000, 1001, 1006, 1009, 1012, 4400, 4401, 4403, 4408, 4429, 4500]);
    prop_oneof![
        3 => Just(Step::Connect),
        1 => Just(Step::Disconnect),
        1 => Just(Step::Reconnect),
        6 => (0..3_usize).prop_map(Step::Opened),
        3 => (0..3_usize, code).prop_map(|(back, code)| Step::Closed(back, code)),
        3 => Just(Step::Heard),
        2 => (0..3_usize).prop_map(Step::HeardAside),
        3 => Just(Step::Accepted),
        1 => Just(Step::Refused),
        1 => Just(Step::Abandon),
        1 => (0..100_000_u64).prop_map(Step::Drain),
        3 => any::<bool>().prop_map(Step::Token),
        4 => signal.prop_map(Step::Signal),
        1 => any::<(bool, bool)>().prop_map(|(busy, under_way)| Step::Busy(busy, under_way)),
        1 => (0..4_000_000_u64).prop_map(Step::Recall),
        3 => way.prop_map(Step::Way),
        1 => Just(Step::WayOpen),
        2 => (0..400_000_u64).prop_map(Step::Late),
        8 => Just(Step::Timeout),
    ]
}

/// The world around a session, and what it was seen to do.
struct World {
    session: Session,
    now: Timestamp,
    /// All pipes in the order in which they were opened, and those that nobody has closed.
    pipes: Vec<PipeId>,
    live: BTreeSet<PipeId>,
    open: BTreeSet<PipeId>,
    state: State,
    /// Whether `Established` was told and `Lost` was not.
    established: bool,
    wanted: bool,
    shares: bool,
}

impl World {
    fn new(refreshes: bool, token: bool, attempts: Option<u64>, polling: bool, shares: bool) -> Self {
        let url = Value::Object(vec![("url".to_owned(), Value::Text("ws://host/ws".to_owned()))]);
        let mut config = Config::read(&url, None).unwrap();
        config.can_refresh_token = refreshes;
        config.token = token.then(|| "opaque".to_owned());
        config.reconnect.attempts_max = attempts;
        config.transports.polling = polling;
        let mut session = Session::new(&config, Rng::from_number(7));
        if shares {
            session.share();
        }
        Self {
            session,
            now: Timestamp(1_000),
            pipes: Vec::new(),
            live: BTreeSet::new(),
            open: BTreeSet::new(),
            state: State::Disconnected,
            established: false,
            wanted: false,
            shares,
        }
    }

    fn pipe(&self, back: usize) -> PipeId {
        self.pipes.iter().rev().nth(back).copied().unwrap_or(PipeId(0))
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let (now, session) = (self.now, &mut self.session);
        match *step {
            Step::Connect => {
                self.wanted = true;
                session.connect(now);
            }
            Step::Disconnect => {
                self.wanted = false;
                session.disconnect();
            }
            Step::Reconnect => {
                self.wanted = true;
                session.reconnect(now);
            }
            Step::Opened(back) => {
                return self.report(back, |session, pipe| session.handle_opened(now, pipe), false);
            }
            Step::Closed(back, code) => {
                return self.report(
                    back,
                    |session, pipe| session.handle_closed(now, pipe, code, "why"),
                    true,
                );
            }
            Step::HeardAside(back) => {
                return self.report(back, |session, pipe| session.handle_heard_aside(now, pipe), false);
            }
            // The client tells these only of the pipe in use.
            Step::Heard if session.open_pipe().is_some() => session.handle_heard(now),
            Step::Accepted if session.open_pipe().is_some() => session.handle_accepted(now),
            Step::Heard | Step::Accepted => {}
            Step::Refused => session.handle_sign_in_refused(now),
            Step::Abandon => session.abandon(now, "test"),
            Step::Drain(ms) => session.handle_drain(ms),
            Step::Token(made) => {
                session.handle_token(now, if made { Ok("new".to_owned()) } else { Err("away".to_owned()) });
            }
            Step::Signal(signal) => session.handle_signal(now, signal),
            Step::Busy(busy, under_way) => session.set_busy(busy, under_way),
            Step::Recall(ms) => session.recall(now, ms),
            Step::Way(way) if self.shares => session.set_way(now, way),
            Step::WayOpen if self.shares => session.handle_way_open(now),
            Step::Way(_) | Step::WayOpen => {}
            Step::Late(ms) => self.now = now.after(ms),
            Step::Timeout => {
                self.now = session.poll_timeout().unwrap_or(now).max(now);
                session.handle_timeout(self.now);
            }
        }
        self.look()
    }

    /// A pipe reports something. One that is closed may do so too, and then it changes nothing.
    fn report(
        &mut self,
        back: usize,
        report: impl FnOnce(&mut Session, PipeId),
        closes: bool,
    ) -> Result<(), TestCaseError> {
        let pipe = self.pipe(back);
        let late = !self.live.contains(&pipe);
        let before = late.then(|| format!("{:?}", self.session));
        if closes {
            self.live.remove(&pipe);
            self.open.remove(&pipe);
        } else if !late {
            self.open.insert(pipe);
        }
        report(&mut self.session, pipe);
        if let Some(before) = before {
            prop_assert_eq!(
                before,
                format!("{:?}", self.session),
                "a pipe that was closed changes something"
            );
        }
        self.look()
    }

    /// Does what the session wants, and looks whether it may.
    fn look(&mut self) -> Result<(), TestCaseError> {
        for action in self.session.take_actions() {
            match action {
                Action::Open(pipe, _) => {
                    prop_assert!(self.wanted, "a pipe is opened though nobody wants one");
                    prop_assert!(
                        self.pipes.last().is_none_or(|last| *last < pipe),
                        "{:?} is used twice",
                        pipe
                    );
                    self.pipes.push(pipe);
                    self.live.insert(pipe);
                }
                Action::Close(pipe, ..) => {
                    prop_assert!(self.live.remove(&pipe), "{:?} is closed twice", pipe);
                    self.open.remove(&pipe);
                }
                Action::Greet(pipe) | Action::Ask(pipe) | Action::Moved(pipe) => {
                    prop_assert!(self.open.contains(&pipe), "{:?} is spoken to and not open", pipe);
                }
                Action::Ping | Action::PresentToken => prop_assert!(self.session.open_pipe().is_some()),
                Action::Established => {
                    prop_assert!(!std::mem::replace(&mut self.established, true), "established twice");
                }
                Action::Lost(..) => {
                    prop_assert!(std::mem::take(&mut self.established), "lost what was not there");
                }
                Action::StateChanged(state, previous) => {
                    prop_assert_eq!(previous, std::mem::replace(&mut self.state, state));
                    prop_assert!(state != previous);
                }
                Action::Elect => prop_assert!(self.wanted && self.live.is_empty(), "nobody needs to lead"),
                Action::Withdraw => prop_assert!(self.live.is_empty(), "{:?} live on", self.live),
                Action::RequestToken => {
                    prop_assert!(self.wanted, "a token is asked for though nobody wants one");
                }
                Action::Remember(_) | Action::Retrying(..) | Action::Exhausted | Action::Failed(_) => {}
            }
        }
        let state = self.session.state();
        prop_assert_eq!(state, self.state, "a change of state is not told");
        prop_assert!(self.wanted || state == State::Disconnected, "disconnect() is undone: {:?}", state);
        prop_assert!(self.live.len() <= 2, "{:?} live at once", self.live);
        prop_assert_eq!(state == State::Connected, self.established);
        match self.session.open_pipe() {
            Some(pipe) => prop_assert!(self.open.contains(&pipe), "{:?} is in use and not open", pipe),
            None => prop_assert!(state != State::Connected, "connected by no pipe"),
        }
        let ended = matches!(state, State::Disconnected | State::Error);
        prop_assert_eq!(
            self.session.poll_timeout().is_none(),
            ended,
            "no deadline, or one too many: {:?}",
            state
        );
        prop_assert!(!ended || self.live.is_empty(), "{:?} live in {:?}", self.live, state);
        Ok(())
    }

    /// Once the world is well, the connection is.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        self.wanted = true;
        self.session.connect(self.now);
        self.look()?;
        let mut rounds: Vec<State> = Vec::new();
        for _ in 0..40 {
            rounds.push(self.session.state());
            self.take(&Step::Token(true))?;
            if self.session.open_pipe().is_none() {
                // Of a race the newest may have lost already.
                let newest = self.pipes.iter().rev().position(|pipe| self.live.contains(pipe));
                self.take(&Step::Opened(newest.unwrap_or(0)))?;
            }
            self.take(&Step::Heard)?;
            self.take(&Step::Accepted)?;
            if self.session.state() == State::Connected {
                return Ok(());
            }
            self.take(&Step::Timeout)?;
        }
        prop_assert!(false, "never well again: {:?}", rounds);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn one_pipe_one_deadline_and_disconnect_is_final_in_any_order_of_inputs(
        steps in prop::collection::vec(step(), STEPS),
        refreshes in any::<bool>(),
        token in any::<bool>(),
        attempts in prop::option::of(0..6_u64),
        polling in any::<bool>(),
        shares in any::<bool>(),
    ) {
        let mut world = World::new(refreshes, token, attempts, polling, shares);
        for step in &steps {
            world.take(step)?;
        }
        world.settle()?;
    }
}
