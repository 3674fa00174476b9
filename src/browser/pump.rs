//! The pump: runs the core to completion, one input at a time.
//!
//! Owns the client and every handle that its effects need. Guarantees that no borrow is held while the program's code
//! runs: a call from inside a listener is taken at once, and what it puts out waits for its turn.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::clock::{Clock, pause};
use super::global::{call_method, explain, navigator};
use super::lifecycle::Lifecycle;
use super::locks::{self, Lock};
use super::pipe::Pipe;
use super::storage::Storage;
use super::tabs::Tabs;
use super::teardown::Teardown;
use super::websocket::SocketEvent;
use crate::core::client::Client;
use crate::core::config::Config;
use crate::core::fault::Fault;
use crate::core::id::{BatchId, PipeId};
use crate::core::io::{
    Durability, Effect, Event, Input, OnPending, Output, PipeEvent, Reply, StorageEvent, StorageOp, TabsEvent,
};
use crate::core::map::SortedMap;
use crate::core::session::{Signal, subject_of};
use crate::core::time::{Now, Timestamp};
use crate::core::transport::Transport;

/// Ticks that may follow each other without giving the page its turn.
const TICKS_IN_A_ROW: u32 = 20;
/// Longest single timer: `setTimeout` takes 31 bits.
const TIMER_MS_MAX: u64 = 0x7fff_ffff;

type Tell = Box<dyn Fn(&Pump, Event)>;

/// One running client.
pub(crate) struct Pump {
    client: RefCell<Client>,
    clock: Clock,
    tell: Tell,
    refresh_token: Option<Function>,
    sync: Option<Function>,
    storage: Option<Rc<Storage>>,
    teardown: Teardown,
    pipes: RefCell<SortedMap<PipeId, Pipe>>,
    timer: RefCell<Option<(Timestamp, Timeout)>>,
    lifecycle: RefCell<Option<Lifecycle>>,
    lock: RefCell<Option<Lock>>,
    keeper: RefCell<Option<Lock>>,
    tabs: RefCell<Option<Rc<Tabs>>>,
    commits: Cell<u64>,
    buffered: Cell<u64>,
    pumping: Cell<bool>,
    tick_queued: Cell<bool>,
    ticks: Cell<u32>,
}

impl Pump {
    /// Starts a client. The functions are the program's `refreshToken` and `offline.sync`. `tell` is called for each event, never while the client is borrowed.
    pub(crate) fn start(
        mut config: Config,
        seed: [u64; 4],
        [refresh_token, sync]: [Option<Function>; 2],
        teardown: Teardown,
        tell: Tell,
    ) -> Rc<Self> {
        let clock = Clock::new();
        let storage = config.offline.as_ref().map(|offline| {
            let named = config.user.as_ref().map(|user| user.id.clone());
            let user = named.or_else(|| config.token.as_deref().and_then(subject_of));
            let user = user.as_deref().unwrap_or("anonymous");
            Storage::new(format!("{}/{user}", offline.database_name), teardown.clone())
        });
        config.compress &= super::compression::is_supported();
        config.locks = locks::are_there();
        let client = Client::new(config.clone(), seed, clock.now());
        let pump = Rc::new(Self {
            client: RefCell::new(client),
            clock,
            tell,
            refresh_token,
            sync,
            storage,
            teardown,
            pipes: RefCell::default(),
            timer: RefCell::default(),
            lifecycle: RefCell::default(),
            lock: RefCell::default(),
            keeper: RefCell::default(),
            tabs: RefCell::default(),
            commits: Cell::new(0),
            buffered: Cell::new(0),
            pumping: Cell::new(false),
            tick_queued: Cell::new(false),
            ticks: Cell::new(0),
        });
        let weak = Rc::downgrade(&pump);
        let report = move |signal: Signal| with(&weak, |pump| pump.report(Input::Signal(signal)));
        if let Some(storage) = &pump.storage {
            let weak = Rc::downgrade(&pump);
            // Off the stack: it may come of what the core is just doing.
            storage.watch(move || {
                let weak = weak.clone();
                spawn_local(async move {
                    with(&weak, |pump| pump.report(Input::Storage(StorageEvent::Left)));
                });
            });
        }
        pump.share(&config);
        *pump.lifecycle.borrow_mut() = Some(Lifecycle::listen(&pump.teardown, Rc::new(report)));
        pump.drain();
        pump
    }

    /// Lets the client share a connection with those of other tabs, where that is possible.
    fn share(self: &Rc<Self>, config: &Config) {
        let weak = Rc::downgrade(self);
        let report = move |event: TabsEvent<'_>| {
            with(&weak, |pump| {
                pump.ticks.set(0);
                pump.report(Input::Tabs(event));
            });
        };
        let (storage, own) = (self.storage.as_ref(), self.read(|client| client.own().clone()));
        let tabs =
            storage.and_then(|storage| Tabs::new(config, own, storage, &self.teardown, Rc::new(report)));
        if tabs.is_some() {
            self.client.borrow_mut().share_tabs();
        }
        *self.tabs.borrow_mut() = tabs;
    }

    /// Reads the client.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Client) -> T) -> T {
        read(&self.client.borrow())
    }

    /// Reads the client as it is now.
    pub(crate) fn read_now<T>(&self, read: impl FnOnce(&Client, Now) -> T) -> T {
        read(&self.client.borrow(), self.clock.now())
    }

    /// Gives the client an input and does what follows.
    ///
    /// # Errors
    /// What the client says of a call that cannot be done.
    pub(crate) fn input(self: &Rc<Self>, input: Input<'_>) -> Result<Reply, Fault> {
        let now = self.clock.now();
        let reply = self.client.borrow_mut().handle(now, input);
        self.drain();
        reply
    }

    /// An input that no program waits for.
    fn report(self: &Rc<Self>, input: Input<'_>) {
        // Only calls fail, and a client that was destroyed takes nothing any more.
        let _reply = self.input(input);
    }

    fn drain(self: &Rc<Self>) {
        if self.pumping.replace(true) {
            return;
        }
        loop {
            let output = self.client.borrow_mut().poll_output();
            match output {
                Some(Output::Effect(effect)) => self.perform(effect),
                Some(Output::Event(event)) => (self.tell)(self, event),
                None => break,
            }
        }
        self.pumping.set(false);
        self.arm();
    }

    /// Sees to it that the next tick comes: with the end of this task if it is due, by the one timer if it is not.
    fn arm(self: &Rc<Self>) {
        let Some(due) = self.client.borrow().poll_timeout() else {
            self.timer.take();
            return;
        };
        let now = self.clock.now().mono;
        if due <= now && self.ticks.get() < TICKS_IN_A_ROW {
            if !self.tick_queued.replace(true) {
                self.ticks.set(self.ticks.get() + 1);
                let weak = Rc::downgrade(self);
                spawn_local(async move { with(&weak, Self::tick) });
            }
            return;
        }
        // An earlier timer finds out for itself that it is too early; a later one is replaced.
        if self.timer.borrow().as_ref().is_some_and(|(armed, _)| *armed <= due && *armed > now) {
            return;
        }
        let weak = Rc::downgrade(self);
        let wait = u32::try_from(due.since(now).clamp(1, TIMER_MS_MAX)).unwrap_or(u32::MAX);
        let timeout = Timeout::new(wait, move || {
            with(&weak, |pump| {
                pump.timer.take();
                pump.ticks.set(0);
                pump.tick();
            });
        });
        *self.timer.borrow_mut() = Some((due.max(now.after(1)), timeout));
    }

    fn tick(self: &Rc<Self>) {
        self.tick_queued.set(false);
        self.report_buffered();
        self.report(Input::Tick);
    }

    /// Tells what the connections have not sent yet, as long as there is anything to tell.
    fn report_buffered(self: &Rc<Self>) {
        let held = |(id, pipe): (&PipeId, &Pipe)| (*id, pipe.buffered_bytes());
        let buffered: Vec<(PipeId, u64)> = self.pipes.borrow().iter().map(held).collect();
        let total = buffered.iter().map(|(_, bytes)| bytes).sum();
        if self.buffered.replace(total) > 0 || total > 0 {
            for (pipe, bytes) in buffered {
                self.report(Input::Pipe(pipe, PipeEvent::Buffered(bytes)));
            }
        }
    }

    fn perform(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::OpenPipe { pipe, transport, url, protocols } => {
                self.open(pipe, transport, url, &protocols);
            }
            Effect::SendText(pipe, text) => self.send(pipe, text, false),
            Effect::SendDeflated(pipe, text) => self.send(pipe, text, true),
            Effect::ClosePipe(pipe, code, reason) => {
                // Its callbacks go with it: the core has ended this connection for itself.
                let pipe = self.pipes.borrow_mut().remove(&pipe);
                if let Some(pipe) = pipe {
                    pipe.close(code, reason);
                }
            }
            Effect::Load(own) => self.load(own.to_string()),
            Effect::Commit(batch, ops, durability) => self.commit(batch, ops, durability),
            Effect::Persist => keep_forever(),
            Effect::Wipe(pending) => self.wipe(pending),
            Effect::RequestToken => self.request_token(),
            Effect::Upload(id, upload) => {
                let (weak, sync) = (Rc::downgrade(self), self.sync.clone());
                spawn_local(async move {
                    let answer = super::upload::send(upload, sync).await;
                    with(&weak, |pump| {
                        pump.ticks.set(0);
                        pump.report(Input::Uploaded(id, answer));
                    });
                });
            }
            Effect::Tabs(effect) => {
                let tabs = self.tabs.borrow().clone();
                if let Some(tabs) = tabs {
                    tabs.perform(effect);
                }
            }
        }
    }

    fn send(&self, pipe: PipeId, text: String, deflate: bool) {
        if let Some(pipe) = self.pipes.borrow().get(&pipe) {
            pipe.send(text, deflate);
        }
    }

    fn open(self: &Rc<Self>, pipe: PipeId, transport: Transport, url: String, protocols: &[String]) {
        let weak = Rc::downgrade(self);
        let opened = Pipe::open(transport, url, protocols, &self.teardown, move |event| {
            with(&weak, |pump| pump.on_pipe(pipe, event));
        });
        match opened {
            Ok(opened) => {
                self.pipes.borrow_mut().insert(pipe, opened);
            }
            Err(reason) => {
                // Told later: the core is in the middle of its outputs.
                let weak = Rc::downgrade(self);
                spawn_local(async move {
                    let closed = PipeEvent::Closed { code: 1006, reason: &reason };
                    with(&weak, |pump| pump.report(Input::Pipe(pipe, closed)));
                });
            }
        }
    }

    fn on_pipe(self: &Rc<Self>, pipe: PipeId, event: SocketEvent) {
        self.ticks.set(0);
        match event {
            SocketEvent::Opened => self.report(Input::Pipe(pipe, PipeEvent::Opened)),
            SocketEvent::Text(text) => self.report(Input::Pipe(pipe, PipeEvent::Text(&text))),
            SocketEvent::Binary(bytes) => self.report(Input::Pipe(pipe, PipeEvent::Binary(&bytes))),
            SocketEvent::Compressing => self.report(Input::Pipe(pipe, PipeEvent::Compressing)),
            SocketEvent::Compressed { whole_bytes, wire_bytes } => {
                self.report(Input::Pipe(pipe, PipeEvent::Compressed { whole_bytes, wire_bytes }));
            }
            SocketEvent::Closed { code, reason } => {
                // Dropped when this callback, which belongs to it, is over.
                let closed = self.pipes.borrow_mut().remove(&pipe);
                spawn_local(async move { drop(closed) });
                self.report(Input::Pipe(pipe, PipeEvent::Closed { code, reason: &reason }));
            }
        }
    }

    fn load(self: &Rc<Self>, own: String) {
        let Some(storage) = self.storage.clone() else { return };
        if self.lock.borrow().is_none() {
            *self.lock.borrow_mut() = Some(locks::hold_stream(storage.name(), &own, &self.teardown));
        }
        let weak = Rc::downgrade(self);
        let tabs = self.tabs.borrow().clone();
        spawn_local(async move {
            let sift = async |rows| match &tabs {
                Some(tabs) => tabs.take_left(&own, rows).await,
                None => rows,
            };
            let event = match storage.load(&own, sift).await {
                Ok(loaded) => {
                    if loaded.lost {
                        with(&weak, |pump| pump.report(Input::Storage(StorageEvent::Lost)));
                    }
                    with(&weak, Self::ask_to_keep);
                    StorageEvent::Loaded(loaded.rows)
                }
                Err(failure) => StorageEvent::Unavailable(failure.trouble, failure.message),
            };
            with(&weak, |pump| pump.report(Input::Storage(event)));
        });
    }

    /// Asks once whether of all tabs this one may keep what the server confirmed.
    fn ask_to_keep(self: &Rc<Self>) {
        let Some(storage) = self.storage.clone().filter(|_| self.keeper.borrow().is_none()) else { return };
        let weak = Rc::downgrade(self);
        let told = move || {
            let weak = weak.clone();
            spawn_local(async move {
                with(&weak, |pump| pump.report(Input::Storage(StorageEvent::Keeper)));
            });
        };
        *self.keeper.borrow_mut() = Some(locks::hold_keeper(storage.name(), &self.teardown, told));
    }

    fn commit(self: &Rc<Self>, batch: BatchId, ops: Vec<StorageOp>, durability: Durability) {
        let Some(storage) = &self.storage else { return };
        self.commits.set(self.commits.get() + 1);
        // Strong: who destroys the calendar waits until the last batch is over.
        let pump = self.clone();
        storage.commit(
            ops,
            durability,
            Box::new(move |ended| {
                let event = match ended {
                    Ok(()) => StorageEvent::Committed(batch),
                    Err(failure) => StorageEvent::Aborted(batch, failure.trouble, failure.message),
                };
                pump.commits.set(pump.commits.get() - 1);
                pump.ticks.set(0);
                // Off the stack: storage may answer while the core is in the middle of its outputs.
                spawn_local(async move { pump.report(Input::Storage(event)) });
            }),
        );
    }

    fn wipe(self: &Rc<Self>, pending: OnPending) {
        let Some(storage) = self.storage.clone() else { return };
        self.commits.set(self.commits.get() + 1);
        let pump = self.clone();
        spawn_local(async move {
            let event = match storage.wipe(pending).await {
                Ok(()) => StorageEvent::Wiped,
                Err((writes, reason)) => StorageEvent::NotWiped(writes, reason),
            };
            pump.commits.set(pump.commits.get() - 1);
            pump.report(Input::Storage(event));
        });
    }

    fn request_token(self: &Rc<Self>) {
        let Some(refresh) = self.refresh_token.clone() else { return };
        let weak = Rc::downgrade(self);
        spawn_local(async move {
            let result = match refresh.call0(&JsValue::UNDEFINED) {
                Ok(returned) => JsFuture::from(Promise::resolve(&returned)).await,
                Err(thrown) => Err(thrown),
            };
            let token = match result {
                Ok(token) => match token.as_string() {
                    Some(token) if !token.is_empty() => Ok(token),
                    _ => Err("it resolved with something else than a token".to_owned()),
                },
                Err(thrown) => Err(explain(&thrown)),
            };
            with(&weak, |pump| pump.report(Input::Token(token)));
        });
    }

    /// Gives back everything that the browser holds for this client, once storage has ended what it was told to do.
    pub(crate) async fn stop(self: Rc<Self>) {
        self.timer.take();
        self.lifecycle.take();
        self.pipes.take();
        while self.commits.get() > 0 {
            pause(1).await;
        }
        if let Some(storage) = &self.storage {
            storage.close();
        }
        self.tabs.take();
        self.lock.take();
        self.keeper.take();
    }

    /// The database, if there is to be one.
    pub(crate) fn storage(&self) -> Option<Rc<Storage>> {
        self.storage.clone()
    }
}

/// Asks the browser not to delete what is stored when it wants room. It may ask the user, or say no: nothing depends on it.
fn keep_forever() {
    if let Ok(asked) = call_method(&navigator("storage"), "persist", &[]) {
        spawn_local(async move {
            let _answer = JsFuture::from(Promise::resolve(&asked)).await;
        });
    }
}

fn with(pump: &Weak<Pump>, act: impl FnOnce(&Rc<Pump>)) {
    if let Some(pump) = pump.upgrade() {
        act(&pump);
    }
}
