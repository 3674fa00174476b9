//! Accepting connections.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::linger::Lingering;

/// Connections that the kernel holds until they are accepted: what a server's restart brings back at once.
const BACKLOG: i32 = 4096;
/// From the first byte of a request to the end of its headers, and from one request to the next.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 32 * 1024;

/// Opens the socket.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    let open = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    };
    open().map_err(|fault| format!("--listen: cannot listen on {address}: {fault}"))
}

/// Accepts until told to stop.
pub(super) async fn accept(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(converse(stream, router.clone()));
                }
                Err(fault) => {
                    // Mostly no file descriptors are left: what is open has to end first.
                    eprintln!("warning: cannot accept: {fault}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            _ = stop.changed() => return,
        }
    }
}

async fn converse(stream: TcpStream, router: Router) {
    // Without this the kernel holds small frames back; a socket that is gone already says so when it is read.
    let _set = stream.set_nodelay(true);
    let io = TokioIo::new(Lingering::new(stream));
    // A peer that breaks off is no event.
    let _over = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(io, TowerToHyperService::new(router))
        .with_upgrades()
        .await;
}
