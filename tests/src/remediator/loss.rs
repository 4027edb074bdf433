//! What a close must never do, whatever fails: lose a rule that is in no backup.

use std::sync::{Arc, Mutex, PoisonError};

use defsg_core::SecurityGroupRule;

use super::{World, backups};
use crate::fake::{Fault, Occurrence};
use crate::moto::{Moto, NewRule};

/// The operations that take rules away.
pub const REVOKES: [&str; 2] = ["RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"];

/// Rules that were gone and in no backup at some point.
pub struct Watch(Arc<Mutex<Vec<SecurityGroupRule>>>);

impl Watch {
    /// Asserts that there were none so far.
    pub fn assert_nothing_lost(&self, context: &str) {
        assert_eq!(*self.0.lock().unwrap_or_else(PoisonError::into_inner), [], "{context}");
    }
}

impl World {
    /// A world with one more rule, whose function tries each call once, so that one fault is enough.
    pub fn one_try() -> Self {
        let world = Self::with(&[("AWS_MAX_ATTEMPTS", "1"), ("REOPEN_LIMIT", "100")]);
        let rule = NewRule::inbound("10.0.0.0/8").protocol("tcp", 22, 22);
        world.add_rule(&rule.description("要る").tag("team", "net"));
        world
    }

    /// From now on, looks after every revoke whether one of today's rules is gone that is in no backup.
    pub fn watch(&self) -> Watch {
        let found = Arc::<Mutex<Vec<_>>>::default();
        let (moto, bucket, group) = (Arc::clone(&self.moto), self.bucket.clone(), self.group.clone());
        let (before, seen) = (self.rules(), Arc::clone(&found));
        let look = Fault::after(move || {
            let lost = lost(&moto, &bucket, &group, &before);
            seen.lock().unwrap_or_else(PoisonError::into_inner).extend(lost);
        });
        for operation in REVOKES {
            self.aws.fault(operation, Occurrence::Every, look.clone());
        }
        Watch(found)
    }

    /// Closes the group without any fault. Asserts that it is closed, that every rule of `before` is in a
    /// backup, and that a restore from the newest one brings back what there was.
    pub fn assert_recovers(&self, before: &[SecurityGroupRule], context: &str) {
        self.aws.reset();
        let answer = self.close();
        let status = answer.payload["status"].as_str().unwrap_or_default();
        assert!(["closed", "already_closed"].contains(&status), "{context}: {answer:?}");
        assert_eq!(self.rules(), [], "{context}");
        assert_eq!(lost(&self.moto, &self.bucket, &self.group, before), [], "{context}");
        let restored = self.restore(&self.newest_backup());
        assert_eq!(restored.payload["status"], "restored", "{context}: {restored:?}");
        let rules = self.rules();
        let same = rules.iter().all(|rule| before.iter().any(|other| other.is_equivalent(rule)));
        assert!(same && rules.len() == before.len(), "{context}: {rules:?}");
    }
}

/// The rules of `before` that neither stand nor are in a backup.
fn lost(moto: &Moto, bucket: &str, group: &str, before: &[SecurityGroupRule]) -> Vec<SecurityGroupRule> {
    let mut safe = moto.rules(group);
    safe.extend(backups(moto, bucket).into_iter().flat_map(|backup| backup.rules));
    let is_safe =
        |rule: &SecurityGroupRule| safe.iter().any(|other| other.id == rule.id && other.is_equivalent(rule));
    before.iter().filter(|rule| !is_safe(rule)).cloned().collect()
}
