//! An AWS in memory that fails where a test wants, and on which no call may take away a rule that is in no backup.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use defsg_core::close::backup::BackupKey;
use defsg_core::close::survey::Surveys;
use defsg_core::documents::backup;
use defsg_core::group::{Direction, GroupIdentity, GroupState, SecurityGroupRule};
use defsg_core::ports::closing::*;
use defsg_core::ports::memory::{MemoryGroup, World};
use defsg_core::ports::{ApiError, ApiErrorKind};
use defsg_core::{SecurityGroupId, SecurityGroupRuleId};

use crate::fixture::place;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call fails, and does nothing.
    Error,
    /// The call does its work, and the answer is lost: it fails all the same.
    ErrorAfter,
    /// The call does half of its work, and fails.
    ErrorHalfway,
    /// The process ends before the call does anything.
    Crash,
    /// The process ends when the call has done its work.
    CrashAfter,
    /// The process ends when the call has done half of its work.
    CrashHalfway,
}

pub(crate) const FAULTS: [Fault; 6] = [
    Fault::Error,
    Fault::ErrorAfter,
    Fault::ErrorHalfway,
    Fault::Crash,
    Fault::CrashAfter,
    Fault::CrashHalfway,
];

type Hook = Box<dyn Fn(&str, &mut World) -> Option<ApiError> + Send + Sync>;

pub(crate) struct Faulty {
    inner: MemoryGroup,
    /// The call that fails, and how: its name, and how many more calls of that name come before it.
    fault: Mutex<Option<(&'static str, usize, Fault)>>,
    /// Runs before every call: may change the world, or fail the call.
    hook: Mutex<Option<Hook>>,
    /// A call that takes its time, and how much.
    slow: Mutex<Option<(&'static str, Duration)>>,
    calls: Mutex<Vec<&'static str>>,
}

impl Faulty {
    pub(crate) fn new(inner: MemoryGroup) -> Self {
        let (fault, hook, slow, calls) = Default::default();
        Self { inner, fault, hook, slow, calls }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.inner.world()
    }

    /// Makes the `nth` call with this name fail, counted from 1 and from the next one.
    pub(crate) fn fail(&self, name: &'static str, nth: usize, fault: Fault) {
        *self.fault.lock().unwrap() = Some((name, nth - 1, fault));
    }

    pub(crate) fn heal(&self) {
        *self.fault.lock().unwrap() = None;
        *self.hook.lock().unwrap() = None;
    }

    /// Makes each call with this name take so long.
    pub(crate) fn slow(&self, name: &'static str, time: Duration) {
        *self.slow.lock().unwrap() = Some((name, time));
    }

    pub(crate) fn before_each_call(
        &self,
        hook: impl Fn(&str, &mut World) -> Option<ApiError> + Send + Sync + 'static,
    ) {
        *self.hook.lock().unwrap() = Some(Box::new(hook));
    }

    /// Changes the world before the `nth` call with this name, counted from 1 and from the next one.
    pub(crate) fn before_nth(
        &self,
        name: &'static str,
        nth: usize,
        change: impl Fn(&mut World) + Send + Sync + 'static,
    ) {
        self.at_each(name, move |number, world| {
            if number == nth {
                change(world);
            }
            None
        });
    }

    /// Runs before each call with this name, with its number, counted from 1 and from the next one.
    pub(crate) fn at_each(
        &self,
        name: &'static str,
        hook: impl Fn(usize, &mut World) -> Option<ApiError> + Send + Sync + 'static,
    ) {
        let seen = AtomicUsize::new(0);
        self.before_each_call(move |call, world| {
            (call == name).then(|| hook(seen.fetch_add(1, Ordering::Relaxed) + 1, world)).flatten()
        });
    }

    /// How many calls with this name there were so far.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.calls().iter().filter(|call| **call == name).count()
    }

    /// The names of the calls so far.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }

    /// Begins a call; answers with the fault that is meant for it.
    fn begin(&self, name: &'static str) -> Result<Option<Fault>, ApiError> {
        self.calls.lock().unwrap().push(name);
        if let Some(error) = self.hook.lock().unwrap().as_ref().and_then(|hook| hook(name, &mut self.world()))
        {
            return Err(error);
        }
        let mut fault = self.fault.lock().unwrap();
        let Some((_, before, meant)) = fault.as_mut().filter(|(call, ..)| *call == name) else {
            return Ok(None);
        };
        if *before > 0 {
            *before -= 1;
            return Ok(None);
        }
        let meant = *meant;
        *fault = None;
        Ok(Some(meant))
    }

    /// Whether a fault that was meant did not come yet.
    pub(crate) fn is_meant_to_fail(&self) -> bool {
        self.fault.lock().unwrap().is_some()
    }

    fn standing(&self) -> Vec<SecurityGroupRule> {
        self.world().group.iter().flat_map(|group| group.rules.clone()).collect()
    }

    /// Every rule that a call took away is in a backup, word for word.
    fn check(&self, before: &[SecurityGroupRule]) {
        let after = self.standing();
        let gone: Vec<_> = before.iter().filter(|rule| !after.contains(rule)).collect();
        if gone.is_empty() {
            return;
        }
        let world = self.world();
        let backups: Vec<_> = world.objects.values().filter_map(|bytes| backup::read(bytes).ok()).collect();
        for rule in gone {
            let kept = backups.iter().any(|(_, backup)| backup.rules.contains(rule));
            assert!(kept, "{rule} is gone and in no backup; calls: {:?}", self.calls());
        }
    }

    /// Runs a call and whatever fault is meant for it. `half` does half of what `whole` does.
    async fn call<T>(
        &self,
        name: &'static str,
        whole: impl Future<Output = Result<T, ApiError>>,
        half: impl Future,
    ) -> Result<T, ApiError> {
        let fault = self.begin(name)?;
        let slow = *self.slow.lock().unwrap();
        if let Some((_, time)) = slow.filter(|(slow, _)| *slow == name) {
            tokio::time::sleep(time).await;
        }
        let before = self.standing();
        let result = match fault {
            None => whole.await,
            Some(Fault::Error | Fault::Crash) => Err(broken()),
            Some(Fault::ErrorAfter | Fault::CrashAfter) => whole.await.and(Err(broken())),
            Some(Fault::ErrorHalfway | Fault::CrashHalfway) => {
                half.await;
                Err(broken())
            }
        };
        self.check(&before);
        if matches!(fault, Some(Fault::Crash | Fault::CrashAfter | Fault::CrashHalfway)) {
            // Whoever waits gives up, and drops everything that was under way.
            std::future::pending::<()>().await;
        }
        result
    }
}

pub(crate) fn api_error(kind: ApiErrorKind) -> ApiError {
    ApiError::new("Test", &place(), kind, "as the test wants it")
}

fn broken() -> ApiError {
    api_error(ApiErrorKind::Other)
}

impl ReadGroup for Faulty {
    async fn read_group(&self, group: &SecurityGroupId) -> Result<Option<GroupState>, ApiError> {
        self.call("read_group", self.inner.read_group(group), async {}).await
    }
}

impl SurveyDependents for Faulty {
    async fn survey(&self, groups: &[&GroupIdentity]) -> Surveys {
        let survey = async { Ok(self.inner.survey(groups).await) };
        // A survey never fails as a whole: nothing was learnt.
        self.call("survey", survey, async {}).await.unwrap_or_default()
    }
}

impl RevokeRules for Faulty {
    async fn revoke_rules(
        &self,
        group: &SecurityGroupId,
        direction: Direction,
        rules: &[SecurityGroupRuleId],
    ) -> Result<(), ApiError> {
        let half = &rules[..rules.len() / 2];
        let whole = self.inner.revoke_rules(group, direction, rules);
        self.call("revoke_rules", whole, self.inner.revoke_rules(group, direction, half)).await
    }
}

impl AuthorizeRules for Faulty {
    async fn authorize_rules(
        &self,
        group: &SecurityGroupId,
        direction: Direction,
        rules: &[&SecurityGroupRule],
    ) -> Result<Authorized, ApiError> {
        let half = &rules[..rules.len() / 2];
        let whole = self.inner.authorize_rules(group, direction, rules);
        self.call("authorize_rules", whole, self.inner.authorize_rules(group, direction, half)).await
    }
}

impl WriteBackup for Faulty {
    async fn write_backup(&self, key: &BackupKey, bytes: &[u8]) -> Result<(), ApiError> {
        // S3 writes whole objects or none; half a write is one that never arrived.
        self.call("write_backup", self.inner.write_backup(key, bytes), async {}).await
    }
}

impl ReadBackup for Faulty {
    async fn read_backup(&self, key: &BackupKey) -> Result<Option<StoredBackup>, ApiError> {
        self.call("read_backup", self.inner.read_backup(key), async {}).await
    }

    fn uri(&self, key: &BackupKey) -> String {
        self.inner.uri(key)
    }
}

impl ListBackups for Faulty {
    async fn list_backups(&self, prefix: &str) -> Result<Vec<BackupKey>, ApiError> {
        self.call("list_backups", self.inner.list_backups(prefix), async {}).await
    }
}
