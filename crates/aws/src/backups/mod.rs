//! Where backups are kept.

mod bucket;

pub use bucket::BackupBucket;
