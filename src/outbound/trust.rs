//! Whom a client believes that it is who it says: the authorities that the system trusts, and those of a file.

use std::{io, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Authorities besides the system's.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    own: Vec<CertificateDer<'static>>,
}

/// The file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum NoTrust {
    /// It can't be read.
    #[error("the certificates in {0} can't be read: {1}")]
    Unreadable(String, #[source] io::Error),
    /// It is no PEM, or has no certificates.
    #[error("{0} holds no certificates: it must be a PEM file with at least one `BEGIN CERTIFICATE`")]
    Empty(String),
}

impl Trust {
    /// Those of a PEM file.
    pub fn of_file(path: &Path) -> Result<Self, NoTrust> {
        let shown = path.display().to_string();
        let text = std::fs::read(path).map_err(|error| NoTrust::Unreadable(shown.clone(), error))?;
        let own: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        match own {
            Ok(own) if !own.is_empty() => Ok(Self { own }),
            Ok(_) | Err(_) => Err(NoTrust::Empty(shown)),
        }
    }

    /// What a client verifies servers with. Where the system trusts nobody, as in an empty container, Mozilla's list is
    /// taken.
    pub fn tls(&self) -> Result<ClientConfig, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for certificate in &self.own {
            roots.add(certificate.clone())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }
}
