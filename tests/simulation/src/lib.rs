//! Deterministic simulator of Baro Realtime.
//!
//! Owns a world in one thread: devices that run the client, the server's hub over its ledger, the network and the disks
//! between them, and a nemesis that breaks things. Guarantees that one seed always gives one history. Knows the client
//! and the server only through what a browser and a socket see of them; what is right is judged by oracles of its own.
//!
//! | where | what |
//! | --- | --- |
//! | `options` `flags` `dice` | what a seed means |
//! | `queue` `trace` `world` | time and the loop |
//! | `network` `disk` `server` `device` `browser` | the parts of the world |
//! | `workload` `nemesis` `points` `storage` `outage` | what people do, what breaks, what becomes of storage and the server |
//! | `judge` | the invariants |
//! | `run` `shrink` `bank` `main` | one seed, the smallest failure, known seeds, the command |
//! | `replay` | a recorded trace of a client, gone through again |
//! | `mutants` | planted bugs, to see the alarms ring |
//! | `scenario` `pair` `storm` | promises that are numbers |
//! | `party` | who edits the same events while away |

#![forbid(unsafe_code)]

pub mod bank;
mod browser;
mod device;
mod dice;
mod disk;
pub mod flags;
mod judge;
pub mod mutants;
mod nemesis;
mod network;
pub mod options;
mod outage;
pub mod pair;
pub mod party;
mod points;
mod queue;
pub mod replay;
pub mod run;
pub mod scenario;
mod server;
pub mod shrink;
mod storage;
pub mod storm;
pub mod tabs;
mod trace;
mod workload;
mod world;
