//! What must hold whatever happens.
//!
//! Each check looks at what the world saw of a run, its calls and its answer, and knows nothing of how the run came to them.

use defsg_core::close::answer::{Answer, Closed, Outcome, Removed, Restored};
use defsg_core::close::backup::Backup;
use defsg_core::group::SecurityGroupRule;
use defsg_remediation::RemediationError;

use crate::ports::{HOME, short};
use crate::run::{Kind, Run};
use crate::world::{EXEMPTION_TAG, Ms, Taken, World};

/// Whoever has used the group for so long is seen before the first rule goes: sources are believed for five seconds, and then
/// there are a few slow calls.
const SEEN_AFTER: Ms = 30_000;

/// Before a run takes rules away: may it?
pub(crate) fn before_taking(world: &mut World, run: usize, rules: &[SecurityGroupRule], lag: Ms) {
    for rule in rules {
        let seen = seen_before_it_was_altered(world, run, rule, lag).cloned();
        let was_altered = seen.is_some();
        let kept = world.objects.values().filter_map(|(_, backup)| backup.as_ref());
        if !was_altered && !kept.into_iter().any(|backup| backup.rules.contains(rule)) {
            world.problem(format!("{rule} is taken away and in no backup"));
        }
        if let Some(problem) = is_forbidden(world, run, seen.as_ref().unwrap_or(rule), lag) {
            let who = &world.runs[run].name;
            let problem = format!("{who} takes {rule} away, {problem}");
            world.problem(problem);
        }
        world.counts.taken += 1;
        world.counts.altered += u64::from(was_altered);
        let at = world.now;
        world.taken.push(Taken { rule: seen.unwrap_or_else(|| rule.clone()), run, at });
    }
    if !rules.is_empty() {
        let run = &mut world.runs[run];
        run.backup_of_taken = run.backups.last().map(|(_, key)| key.clone());
    }
}

/// The one exception of docs/backup.md: the rule was altered since it was read, and reading it was the last thing that the run
/// did. A backup has it as it was then. Gives the rule as it was then.
fn seen_before_it_was_altered<'a>(
    world: &'a World,
    run: usize,
    rule: &SecurityGroupRule,
    lag: Ms,
) -> Option<&'a SecurityGroupRule> {
    let Run { last_call: "read_group", reading: Some(reading), .. } = &world.runs[run] else { return None };
    let seen = reading.group.rules.iter().find(|seen| seen.id == rule.id && *seen != rule)?;
    let had = world.versions_since(reading.began.saturating_sub(lag)).any(|group| group.rules.contains(seen));
    let kept = world.objects.values().filter_map(|(_, backup)| backup.as_ref());
    (had && kept.into_iter().any(|backup| backup.rules.contains(seen))).then_some(seen)
}

fn is_forbidden(world: &World, run: usize, rule: &SecurityGroupRule, lag: Ms) -> Option<&'static str> {
    let is_first = !world.taken.iter().any(|taken| taken.run == run);
    let run = &world.runs[run];
    let Kind::Close { force, planned } = &run.kind else { return Some("and is no close") };
    let Some(reading) = &run.reading else { return Some("and has not read the group") };
    // A plan names rules by what they are, not by their IDs.
    let is_planned = |planned: &Vec<SecurityGroupRule>| planned.iter().any(|other| other.is_equivalent(rule));
    if planned.as_ref().is_some_and(|planned| !is_planned(planned)) {
        return Some("which is not in the plan");
    }
    if world.exempt_since.is_some_and(|since| since < reading.began.saturating_sub(lag)) {
        return Some("although the group was exempt when it was read");
    }
    let used_since = world.used_since.filter(|_| !force)?;
    if world.added_for_use.get(&rule.id) == Some(&used_since) {
        return Some("which was added for what uses the group");
    }
    (is_first && used_since + SEEN_AFTER < world.now).then_some("although the group has been in use for long")
}

/// When a run ended: is what it answers true?
pub(crate) fn ended(world: &mut World, run: usize, result: &Result<Answer, RemediationError>, lag: Ms) {
    let who = world.runs[run].name.clone();
    let problem = match result {
        Err(error) => {
            world.counts.failed += 1;
            world.tell(|| format!("{who} fails: {error}"));
            None
        }
        Ok(answer) => {
            world.tell(|| format!("{who} answers: {}", answer.reason()));
            match answer {
                Answer::Plan(_) => None,
                Answer::Restore(restored) => {
                    world.counts.restored += 1;
                    let was_taken = |rule: &&SecurityGroupRule| {
                        world.taken.iter().any(|taken| taken.rule.is_equivalent(rule))
                    };
                    let revived = restored.restored.iter().filter(|rule| !was_taken(rule)).count();
                    world.counts.revived += revived as u64;
                    restores_truly(world, run, restored)
                }
                Answer::Close(Closed { outcome: Outcome::Closed(removed), .. }) => {
                    world.counts.closed += 1;
                    is_closed(world, run, lag).or_else(|| names_all(world, run, removed))
                }
                Answer::Close(Closed { outcome: Outcome::Stopped(removed), .. }) => {
                    world.counts.refused += 1;
                    names_all(world, run, removed)
                }
                Answer::Close(Closed { plan, outcome: Outcome::Untouched { .. } }) => {
                    world.counts.refused += 1;
                    let says_closed = plan.group.rules.is_empty();
                    if world.taken.iter().any(|taken| taken.run == run) && stands_not(world, run) {
                        Some("has taken rules away, and does not say so".to_owned())
                    } else if says_closed {
                        is_closed(world, run, lag)
                    } else {
                        None
                    }
                }
            }
        }
    };
    if let Some(problem) = problem {
        world.problem(format!("{who} {problem}"));
    }
}

/// Whether a rule that the run took away was gone by its last reading.
fn stands_not(world: &World, run: usize) -> bool {
    let shown = |rule: &SecurityGroupRule| {
        let reading = world.runs[run].reading.as_ref();
        reading.is_some_and(|reading| reading.group.rules.iter().any(|other| other.id == rule.id))
    };
    world.taken.iter().filter(|taken| taken.run == run).any(|taken| !shown(&taken.rule))
}

/// "Closed" rests on a reading that began after the last revoke was answered, and that was true within the lag.
fn is_closed(world: &World, run: usize, lag: Ms) -> Option<String> {
    let Run { reading: Some(reading), changed_tick, .. } = &world.runs[run] else {
        return Some("says closed and has not read the group".to_owned());
    };
    if reading.began_tick < *changed_tick {
        return Some("says closed on a reading that began before its last revoke was answered".to_owned());
    }
    if !reading.group.rules.is_empty() {
        return Some("says closed, and its last reading shows rules".to_owned());
    }
    let mut versions = world.versions_since(reading.began.saturating_sub(lag));
    let was_empty = versions.any(|group| group.rules.is_empty());
    (!was_empty).then(|| "says closed, and the group was open all the time".to_owned())
}

/// An answer names the backups of everything that was ever taken away: by this run, and by those before it listed them.
fn names_all(world: &World, run: usize, removed: &Removed) -> Option<String> {
    let mut named = chains(world, &removed.backup);
    for uri in &removed.older {
        named.extend(chains(world, uri));
    }
    let listed = world.runs[run].listed.unwrap_or_default();
    let was_before = |taken: &&Taken| taken.run == run || taken.at < listed;
    let lost = world.taken.iter().filter(was_before).find(|taken| !covers(&named, taken))?;
    Some(format!("names no backup with {}, which {} took", lost.rule, world.runs[lost.run].name))
}

/// The backups that an entry of an answer comes to: the one that it names, those before it where it says so, and what each of
/// them goes on from.
fn chains<'a>(world: &'a World, entry: &str) -> Vec<&'a Backup> {
    let entry = entry.strip_prefix(HOME).unwrap_or(entry);
    let (key, more) = entry.split_once(' ').unwrap_or((entry, ""));
    let keys: Vec<_> = if more.contains("before it") {
        world.objects.keys().filter(|other| other.as_str() <= key).cloned().collect()
    } else {
        vec![key.to_owned()]
    };
    keys.iter().flat_map(|key| world.chain(key)).collect()
}

/// Whether a rule that was taken away is in one of these backups.
fn covers(backups: &[&Backup], taken: &Taken) -> bool {
    let same = |rule: &SecurityGroupRule| rule.is_equivalent(&taken.rule);
    backups.iter().any(|backup| backup.rules.iter().any(same))
}

/// "Restored" rests on a reading that began after the last call that added rules, and that shows every rule of the backup.
fn restores_truly(world: &World, run: usize, restored: &Restored) -> Option<String> {
    let Run { reading: Some(reading), changed_tick, .. } = &world.runs[run] else {
        return Some("says restored and has not read the group".to_owned());
    };
    if reading.began_tick < *changed_tick {
        return Some("says restored on a reading that began before its last change was answered".to_owned());
    }
    let stands = |rule: &&SecurityGroupRule| {
        reading.group.rules.iter().any(|other| other.is_equivalent(rule))
            || restored.not_restored.iter().any(|missing| missing.rule == **rule)
    };
    let missing = restored.backup.rules.iter().find(|rule| !stands(rule))?;
    Some(format!("says restored, and {missing} does not stand"))
}

/// The newest backup of a close, and what it goes on from, have all that the close took away: those runs included that were
/// interrupted and whose rules it went on with. Looked at once all runs have ended.
pub(crate) fn chains_are_whole(world: &mut World) {
    let mut problems = vec![];
    for (number, run) in world.runs.iter().enumerate() {
        let Some(key) = &run.backup_of_taken else { continue };
        let chain = world.chain(key);
        let mine: Vec<_> = world.taken.iter().filter(|taken| taken.run == number).collect();
        let listed = run.listed.unwrap_or_default();
        // It saw the backup of the other in the list, and a rule of that backup stood still.
        let goes_on_with = |other: &Run| {
            let seen = other.backups.iter().rfind(|(written, _)| *written < listed);
            let kept = seen.and_then(|(_, key)| world.backup(key));
            let is_mine = |rule: &SecurityGroupRule| mine.iter().any(|taken| taken.rule.id == rule.id);
            kept.is_some_and(|kept| kept.rules.iter().any(is_mine))
        };
        for taken in &world.taken {
            let is_of_it = taken.run == number || taken.at < listed && goes_on_with(&world.runs[taken.run]);
            if is_of_it && !covers(&chain, taken) {
                problems.push(format!(
                    "{} took {}, and {} goes on with it: its backup {} does not lead there",
                    world.runs[taken.run].name,
                    taken.rule,
                    run.name,
                    short(key)
                ));
            }
        }
    }
    problems.into_iter().for_each(|problem| world.problem(problem));
}

/// After the restore of the newest backup and of all that was named: what was taken away stands again.
pub(crate) fn all_stand(world: &mut World, expected: impl Fn(&Taken) -> bool) {
    let stands = |taken: &&Taken| world.rules().iter().any(|rule| rule.traffic.is_same(&taken.rule.traffic));
    // Of two rules for the same traffic, EC2 takes one. Where backups have but one, it is that one.
    let kept =
        || world.objects.values().filter_map(|(_, backup)| backup.as_ref()).flat_map(|backup| &backup.rules);
    let other_version = |taken: &Taken| {
        kept().any(|other| other.traffic.is_same(&taken.rule.traffic) && !other.is_equivalent(&taken.rule))
    };
    let exact = |taken: &&Taken| {
        other_version(taken) || world.rules().iter().any(|rule| rule.is_equivalent(&taken.rule))
    };
    let lost =
        world.taken.iter().filter(|taken| expected(taken)).find(|taken| !stands(taken) || !exact(taken));
    if let Some(lost) = lost {
        let problem = format!("{} was taken away, and no restore brings it back", lost.rule);
        world.problem(problem);
    }
}

/// Whether the group is exempt.
pub(crate) fn is_exempt(world: &World) -> bool {
    world.group().identity.tags.contains_key(EXEMPTION_TAG)
}
