//! The gate and devices: their credentials, and the codes that they trade for them.

use std::net::IpAddr;
use std::time::Duration;

use ports::{AccessError, AuditNote, Claim, DeviceCredential, Gate, Made, NewClaim, NewCredential, Provided, Provision};

use super::Keeper;
use crate::book::Book;
use crate::{Secret, claims, credentials, fresh};

impl Keeper {
    pub(super) async fn make_credential_now(&self, new: NewCredential) -> Result<Made<DeviceCredential>, AccessError> {
        let wrong = credentials::objections(&new);
        if !wrong.is_empty() {
            return Err(AccessError::Refused(wrong));
        }
        let (now, doorman) = (self.clock.now(), self.doorman.clone());
        let shown = new.certificate.as_deref().and_then(Secret::of_fingerprint);
        let secret = if shown.is_some() { String::new() } else { fresh()? };
        let kept = shown.unwrap_or_else(|| Secret::of_password(secret.as_bytes()));
        let what = self
            .blocking(move |book| {
                let made = book.enter_credential(&new, &kept, now)?;
                if let Some(doorman) = doorman {
                    doorman.learn(book)?;
                }
                Ok(made)
            })
            .await?;
        Ok(Made { what, secret })
    }

    pub(super) async fn make_claim_now(&self, new: NewClaim) -> Result<Made<Claim>, AccessError> {
        let mut wrong = credentials::objections_to(&new.device, &new.topics);
        wrong.extend(claims::objection(new.hours));
        if !wrong.is_empty() {
            return Err(AccessError::Refused(wrong));
        }
        let ((code, kept), now) = (claims::fresh_code()?, self.clock.now());
        let what = self.blocking(move |book| book.open_claim(&new, &kept, now)).await?;
        Ok(Made { what, secret: code })
    }

    pub(super) async fn provide_now(
        &self,
        Provision { devices, claim_hours, dry_run }: Provision,
    ) -> Result<Provided, AccessError> {
        let mut wrong: Vec<String> = devices.iter().flat_map(|device| credentials::objections_to(device, &[])).collect();
        wrong.extend(claim_hours.and_then(claims::objection));
        if !wrong.is_empty() {
            return Err(AccessError::Refused(wrong));
        }
        let (now, doorman) = (self.clock.now(), self.doorman.clone());
        let until = claim_hours.map(|hours| now.plus(Duration::from_secs(u64::from(hours) * 3600)));
        let work = move |book: &Book| {
            let provided = book.provide(&devices, claim_hours, dry_run, now)?;
            if let Some(doorman) = doorman {
                doorman.learn(book)?;
            }
            Ok(provided)
        };
        let (made, same) = self.blocking(work).await?;
        Ok(Provided { made, same, until })
    }

    pub(super) async fn trade_now(
        &self,
        device: String,
        code: String,
        from: Option<IpAddr>,
    ) -> Result<Made<DeviceCredential>, AccessError> {
        // Whoever reads along would have the credential.
        if !self.entrance.secure && !self.entrance.private {
            return Err(AccessError::Plain);
        }
        let now = self.clock.now();
        if from.is_some_and(|from| self.codes.is_over(from, now)) {
            return Err(AccessError::TooMany);
        }
        let note = |outcome: &str| AuditNote {
            who: device.clone(),
            address: from,
            event: "claim",
            what: "a claim code for a credential".to_owned(),
            outcome: outcome.to_owned(),
        };
        let (secret, done, doorman) = (fresh()?, note("ok"), self.doorman.clone());
        let password = Secret::of_password(secret.as_bytes());
        let traded = match claims::kept(&code) {
            None => None,
            Some(code) => {
                let device = device.clone();
                self.blocking(move |book| {
                    let traded = book.trade(&device, &code, &password, &done, now)?;
                    if let Some(doorman) = doorman {
                        doorman.learn(book)?;
                    }
                    Ok(traded)
                })
                .await?
            }
        };
        let Some(what) = traded else {
            if let Some(from) = from {
                self.codes.try_it(from, now);
            }
            self.note(note("refused: no such code is open")).await?;
            return Err(AccessError::NoClaim);
        };
        Ok(Made { what, secret })
    }

    pub(super) async fn revoke_now(&self, device: String) -> Result<u64, AccessError> {
        let (now, doorman) = (self.clock.now(), self.doorman.clone());
        self.blocking(move |book| {
            let ended = book.end_credentials(&device, now)?;
            if ended == 0 {
                return Err(AccessError::Absent(format!("`{device}` has no credential, and no claim code")));
            }
            if let Some(doorman) = doorman {
                // First nobody can come in, then whoever is in has to go.
                doorman.learn(book)?;
                doorman.dismiss(&device);
            }
            Ok(ended)
        })
        .await
    }
}
