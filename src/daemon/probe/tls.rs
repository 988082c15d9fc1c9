//! The secure kind of connection, for `https` probes.
//!
//! Whom to trust is read at each probe, so that a renewed file counts at once: the file of `--ca-file` if there is one, and
//! nothing else then, or what the machine trusts. A file that cannot be read makes the probe fail (GO-202). Reading is
//! left to a thread, as it is some hundred certificates, as a rule.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Where systems keep the certificates that they trust: Debian, Fedora, openSUSE, Alpine and others.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The variable by which OpenSSL is told of another.
const BUNDLE_VARIABLE: &str = "SSL_CERT_FILE";

/// A connection of either kind.
pub enum Connection {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

/// Makes a connection to `host` secure, or finds that it is not that host.
pub async fn secure(
    stream: TcpStream,
    host: &str,
    ca_file: Option<&Path>,
) -> io::Result<Connection> {
    let ca_file = ca_file.map(ToOwned::to_owned);
    let config = tokio::task::spawn_blocking(move || config(ca_file));
    let config = config.await.map_err(io::Error::other)??;
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await?;
    Ok(Connection::Secure(Box::new(stream)))
}

fn config(ca_file: Option<PathBuf>) -> io::Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(builder
        .with_root_certificates(trusted(ca_file)?)
        .with_no_client_auth())
}

fn trusted(ca_file: Option<PathBuf>) -> io::Result<RootCertStore> {
    let path = match ca_file {
        Some(path) => path,
        None => bundle().ok_or_else(|| {
            io::Error::other("no certificates of authorities on this machine: name a --ca-file")
        })?,
    };
    let cannot = |reason: String| io::Error::other(format!("{}: {reason}", path.display()));
    let mut trusted = RootCertStore::empty();
    let file = std::fs::read(&path).map_err(|error| cannot(error.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&file) {
        let certificate = certificate.map_err(|error| cannot(error.to_string()))?;
        // A bundle may hold old ones that nobody can use any more.
        let _ = trusted.add(certificate);
    }
    if trusted.is_empty() {
        return Err(cannot("no certificate in it".to_owned()));
    }
    Ok(trusted)
}

fn bundle() -> Option<PathBuf> {
    let named = std::env::var_os(BUNDLE_VARIABLE).filter(|name| !name.is_empty());
    let usual = || BUNDLES.iter().map(PathBuf::from).find(|path| path.exists());
    named.map(PathBuf::from).or_else(usual)
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
