//! The ending of a story: nothing fails any more, a last close, and a restore of all that is named.

use std::collections::BTreeSet;
use std::time::Duration;

use defsg_core::close::answer::{Answer, Closed, Outcome};
use fastrand::Rng;
use tokio::time::sleep;

use crate::check;
use crate::ports::HOME;
use crate::story::{Stage, settings};
use crate::world::{EXEMPTION_TAG, a_rule};

/// Longer than any lag.
const PAUSE: Duration = Duration::from_secs(10);

/// Ends a story, and checks that everything can be brought back.
pub(crate) async fn ending(stage: &Stage, rng: &mut Rng) {
    let stage = Stage { weather: stage.weather.calm(), settings: settings(100), ..stage.clone() };
    let later = [10, 2 * 3_600, 3 * 86_400][rng.usize(..3)];
    sleep(Duration::from_secs(later)).await;
    let is_open = {
        let mut world = stage.sim.world();
        check::chains_are_whole(&mut world);
        world.used_since = None;
        if check::is_exempt(&world) {
            world.exempt_since = None;
            world.change(|group| drop(group.identity.tags.remove(EXEMPTION_TAG)));
        }
        world.tell(|| "the ending: nothing fails any more".to_owned());
        if rng.bool() {
            world.add(&a_rule(99));
        }
        !world.rules().is_empty()
    };
    sleep(PAUSE).await;
    let answer = stage.close("last close", false, None, rng).await;
    sleep(PAUSE).await;
    let outcome = match &answer {
        Some(Answer::Close(Closed { outcome, .. })) => outcome,
        _ => return stage.sim.world().problem("the last close does not end".to_owned()),
    };
    match outcome {
        Outcome::Closed(removed) if is_open => {
            let named = [vec![removed.backup.clone()], removed.older.clone()].concat();
            restore_all(&stage, named, rng).await;
            check::all_stand(&mut stage.sim.world(), |_| true);
        }
        Outcome::Untouched { .. } if !is_open => {
            // Nothing names a backup. The newest is the last under the group's prefix.
            let newest = stage.sim.world().objects.keys().last().cloned();
            let Some(newest) = newest else { return };
            restore_all(&stage, vec![format!("{HOME}{newest}")], rng).await;
            let mut world = stage.sim.world();
            let by = world.runs.iter().position(|run| run.backup_of_taken.as_ref() == Some(&newest));
            check::all_stand(&mut world, |taken| Some(taken.run) == by);
        }
        _ => stage.sim.world().problem("the last close does not close".to_owned()),
    }
}

/// Restores from these backups, and from all that the restores name.
async fn restore_all(stage: &Stage, named: Vec<String>, rng: &mut Rng) {
    let (mut to_do, mut done) = (named, BTreeSet::new());
    to_do.reverse();
    while let Some(entry) = to_do.pop() {
        let key = entry.strip_prefix(HOME).unwrap_or(&entry);
        let (key, more) = key.split_once(' ').unwrap_or((key, ""));
        if more.contains("before it") {
            let before: Vec<_> =
                stage.sim.world().objects.keys().filter(|other| other.as_str() < key).cloned().collect();
            to_do.extend(before);
        }
        if !done.insert(key.to_owned()) {
            continue;
        }
        let answer = stage.restore("last restore", key, rng).await;
        sleep(PAUSE).await;
        match answer {
            Some(Answer::Restore(restored)) => to_do.extend(restored.older),
            _ => stage.sim.world().problem(format!("the restore of {key} does not end")),
        }
    }
}
