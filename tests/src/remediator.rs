//! The remediator and the account it works in: one VPC with its default group and a bucket for backups, in
//! moto, behind the fake.

mod loss;

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use defsg_core::SecurityGroupRule;
use defsg_core::close::Backup;
use defsg_core::documents::backup;
use defsg_core::group::Fingerprint;
use serde_json::{Value, json};

pub use self::loss::{REVOKES, Watch};
use crate::fake::{Data, Fake};
use crate::moto::{Moto, NewRule};
use crate::paths;
use crate::rie::{Answer, Rie};

/// An account with one VPC, and the remediator in it.
pub struct World {
    /// Calls its function, until it is replaced by [`World::restart`].
    pub function: Rie,
    /// The AWS that the function speaks to. It passes on to moto what moto can answer.
    pub aws: Fake,
    /// The moto behind it. Tests that run at the same time share it, and each has a VPC and a bucket of its
    /// own.
    pub moto: Arc<Moto>,
    /// The VPC.
    pub vpc: String,
    /// Its default group. It has the rules that AWS makes it with.
    pub group: String,
    /// The bucket of the backups, with versioning on.
    pub bucket: String,
    env: Vec<(String, String)>,
}

impl World {
    /// A new VPC and bucket, and the remediator with its defaults.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A new VPC and bucket, and the remediator with these settings on top of the bucket's.
    pub fn with(env: &[(&str, &str)]) -> Self {
        static BUCKETS: AtomicU32 = AtomicU32::new(0);
        let moto = shared_moto();
        let aws = Fake::in_front_of(moto.url(), Data::default());
        let vpc = moto.create_vpc();
        let group = moto.default_group(&vpc)["groupId"].as_str().expect("a group has an id").to_owned();
        moto.add_stock_inbound_rule(&group);
        let bucket = format!("backups-{}-{}", process::id(), BUCKETS.fetch_add(1, Ordering::Relaxed));
        moto.create_bucket(&bucket);
        let own = [("AWS_ENDPOINT_URL", aws.url()), ("BACKUP_BUCKET", bucket.clone())];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let env: Vec<_> = own.into_iter().chain(env).collect();
        Self { function: start(&env), aws, moto, vpc, group, bucket, env }
    }

    /// Ends the function's process, if it lives, and starts another one.
    pub fn restart(&mut self) {
        self.function = start(&self.env);
    }

    /// Ends the function and starts it with this setting.
    pub fn restart_with(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), value.to_owned()));
        self.restart();
    }

    /// Asks for a plan.
    pub fn plan(&self) -> Answer {
        self.ask(json!({"action": "plan"}))
    }

    /// Asks for a close.
    pub fn close(&self) -> Answer {
        self.ask(json!({"action": "close"}))
    }

    /// Asks for a close by force.
    pub fn force(&self) -> Answer {
        self.ask(json!({"action": "close", "force": true}))
    }

    /// Asks for a restore from the backup at `uri`.
    pub fn restore(&self, uri: &str) -> Answer {
        self.ask(json!({"action": "restore", "backup": uri}))
    }

    /// Sends a request for the default group, or for the group that the request names.
    pub fn ask(&self, mut request: Value) -> Answer {
        if request["groupId"].is_null() {
            request["groupId"] = json!(self.group);
        }
        self.function.invoke(&request)
    }

    /// The rules of the default group, as moto has them.
    pub fn rules(&self) -> Vec<SecurityGroupRule> {
        self.moto.rules(&self.group)
    }

    /// Adds a rule to the default group.
    pub fn add_rule(&self, rule: &NewRule) {
        self.moto.add_rule(&self.group, rule);
    }

    /// The fingerprint of the rules that moto has.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.rules())
    }

    /// The keys of the bucket.
    pub fn keys(&self) -> Vec<String> {
        self.moto.keys(&self.bucket)
    }

    /// The URI of the newest backup.
    pub fn newest_backup(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.keys().pop().expect("a backup is in the bucket"))
    }

    /// Asserts that a close was refused because of this one dependent, and that nothing was changed.
    pub fn assert_in_use(&self, answer: &Answer, kind: &str, id: &str, names: &str) {
        assert_eq!(answer.payload["refusal"], "in_use", "{answer:?}");
        let dependents = answer.payload["dependents"].as_array().expect("dependents are a list");
        assert_eq!(dependents.len(), 1, "{answer:?}");
        assert_eq!(dependents[0]["kind"], kind, "{answer:?}");
        assert_eq!(dependents[0]["id"], id, "{answer:?}");
        assert!(dependents[0]["name"].to_string().contains(names), "{names}: {answer:?}");
        assert!(answer.payload["reason"].to_string().contains(id), "the reason names it: {answer:?}");
        assert_eq!((self.rules().len(), self.keys().len()), (2, 0), "something was changed");
    }

    /// Closes the group, and asserts that nothing stood in the way.
    pub fn assert_closed(&self) {
        let answer = self.close();
        assert_eq!(answer.payload["status"], "closed", "{answer:?}");
    }

    /// Every backup in the bucket, from the oldest to the newest. Each must be readable.
    pub fn backups(&self) -> Vec<Backup> {
        backups(&self.moto, &self.bucket)
    }
}

/// Every backup in a bucket, from the oldest to the newest.
fn backups(moto: &Moto, bucket: &str) -> Vec<Backup> {
    let read = |key: String| {
        let (at, backup) =
            backup::read(&moto.object(bucket, &key)).unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(at.as_str(), key, "a backup lies under its own key");
        backup
    };
    moto.keys(bucket).into_iter().map(read).collect()
}

fn start(env: &[(String, String)]) -> Rie {
    let env: Vec<_> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Rie::start(&paths::remediator(), &env)
}

/// The moto of the tests that run now: started by the first of them, ended by the last. A test that makes one
/// world after another holds it, so that it is not started for each.
pub fn shared_moto() -> Arc<Moto> {
    static MOTO: Mutex<Weak<Moto>> = Mutex::new(Weak::new());
    let mut shared = MOTO.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let moto = Arc::new(Moto::start());
        *shared = Arc::downgrade(&moto);
        moto
    })
}
