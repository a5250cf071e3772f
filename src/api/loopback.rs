//! Looks names up for plain `http`, which carries the key in the clear: only addresses of this machine count. The name
//! alone says nothing, since `/etc/hosts` can send `localhost` anywhere.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Where a name leads.
pub(super) type LookUp = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// As the system says.
pub(super) fn system(host: &str) -> io::Result<Vec<SocketAddr>> {
    Ok((host, 0).to_socket_addrs()?.collect())
}

/// A name that leads away from this machine.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not on this machine")]
pub(super) struct Elsewhere(pub(super) IpAddr);

/// Finds loopback addresses and no others.
pub(super) struct LoopbackOnly(pub(super) LookUp);

impl Resolve for LoopbackOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let look_up = self.0;
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || look_up(name.as_str())).await??;
            let elsewhere = found.first().map(|address| Elsewhere(address.ip()));
            let local: Vec<_> = found.into_iter().filter(|a| a.ip().to_canonical().is_loopback()).collect();
            match elsewhere {
                Some(elsewhere) if local.is_empty() => Err(elsewhere.into()),
                _ => Ok(Box::new(local.into_iter()) as Addrs),
            }
        })
    }
}
