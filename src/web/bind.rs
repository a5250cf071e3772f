//! The socket that is listened on.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
};

use crate::config::Listen;

/// Who may connect to a Unix socket: the user and the group of the process.
const SOCKET_MODE: u32 = 0o660;

/// A connection, of whichever kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A socket that listens.
#[derive(Debug)]
pub struct Bound {
    listen: Listen,
    socket: Socket,
    /// Goes with the socket.
    _file: Option<SocketFile>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Bound {
    /// Listens on `listen`.
    ///
    /// # Errors
    /// The address is taken or not ours; of a Unix socket also what the file system says.
    pub fn bind(listen: &Listen) -> io::Result<Bound> {
        let (socket, file) = match listen {
            Listen::Tcp(address) => {
                let socket = std::net::TcpListener::bind(address)?;
                socket.set_nonblocking(true)?;
                (Socket::Tcp(TcpListener::from_std(socket)?), None)
            }
            Listen::Unix(path) => {
                let (socket, file) = unix(path)?;
                (Socket::Unix(socket), Some(file))
            }
        };
        Ok(Bound { listen: listen.clone(), socket, _file: file })
    }

    /// Where it listens, as clients write it: with the port that the system chose.
    pub fn address(&self) -> String {
        match &self.socket {
            Socket::Tcp(socket) => {
                socket.local_addr().map_or_else(|_| self.listen.to_string(), |at| format!("http://{at}"))
            }
            Socket::Unix(_) => self.listen.to_string(),
        }
    }

    /// Waits for a client.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, _) = socket.accept().await?;
                // An event of a few bytes must not wait for a full packet.
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Socket::Unix(socket) => Box::new(socket.accept().await?.0),
        })
    }
}

/// Binds a Unix socket. One that a process left behind that has died gives way; anything else stays.
fn unix(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let other = |what: &str| io::Error::new(io::ErrorKind::AddrInUse, what.to_owned());
    match fs::symlink_metadata(path) {
        Ok(meta) if !meta.file_type().is_socket() => return Err(other("a file is there that is not a socket")),
        Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
            return Err(other("another process listens there"));
        }
        Ok(_) => fs::remove_file(path)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let socket = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE))?;
    let inode = fs::symlink_metadata(path)?.ino();
    Ok((socket, SocketFile { path: path.to_owned(), inode }))
}

/// The file of a Unix socket, which goes with it.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Another process may have put its own there meanwhile.
        if fs::symlink_metadata(&self.path).is_ok_and(|meta| meta.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_that_was_left_behind_gives_way_and_nothing_else_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web.sock");
        let listen = Listen::Unix(path.clone());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let bound = Bound::bind(&listen).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SOCKET_MODE);
        assert_eq!(Bound::bind(&listen).unwrap_err().to_string(), "another process listens there");
        drop(bound);
        assert!(!path.exists(), "it goes with its socket");
        fs::write(&path, "mine").unwrap();
        assert_eq!(Bound::bind(&listen).unwrap_err().to_string(), "a file is there that is not a socket");
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[tokio::test]
    async fn port_0_is_any_free_one_and_told() {
        let bound = Bound::bind(&Listen::parse("127.0.0.1:0").unwrap()).unwrap();
        let address = bound.address();
        assert!(address.starts_with("http://127.0.0.1:") && !address.ends_with(":0"), "{address}");
    }
}
