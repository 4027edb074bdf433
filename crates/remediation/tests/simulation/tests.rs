//! The stories of many seeds, and what they are worth: each fault on purpose is found.

use std::time::Instant;

use crate::sabotage::Sabotage;
use crate::story::tell;
use crate::world::Counts;

/// How many stories `cargo test` tells. A fault on purpose is found within so many.
const STORIES: u64 = 2_000;

/// Seeds whose stories once went wrong, one a line. A seed tells another story once the simulation itself is changed: what a
/// story found is a test of its own in tests/remediation, too.
const REGRESSIONS: &str = include_str!("regressions.txt");

/// Tells the stories of these seeds. Panics at the first that goes wrong, and prints it.
fn tell_all(seeds: impl IntoIterator<Item = u64>) -> Counts {
    let mut counts = Counts::default();
    for seed in seeds {
        let world = tell(seed, None, false);
        counts.add(&world.counts);
        if !world.problems.is_empty() {
            let world = tell(seed, None, true);
            for line in world.lines.unwrap_or_default() {
                println!("{line}");
            }
            panic!(
                "seed {seed}: {}\nrun it again: DEFSG_FIRST_SEED={seed} DEFSG_SEEDS=1 cargo test -p defsg-remediation --test \
                 simulation long_run -- --ignored --nocapture",
                world.problems.join("\n")
            );
        }
    }
    counts
}

#[test]
fn whatever_happens_no_rule_is_lost_and_every_answer_is_true() {
    let middle = STORIES / 2;
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| tell_all(0..middle));
        (tell_all(middle..STORIES), one.join())
    });
    let mut counts = other.unwrap();
    counts.add(&one);
    println!("{counts:?}");
    // The stories are worth something: all that they are about happens in them.
    assert!(counts.closed > STORIES && counts.crashes > STORIES / 10 && counts.altered > 0, "{counts:?}");
}

#[test]
fn stories_that_once_went_wrong_end_well() {
    tell_all(REGRESSIONS.lines().filter_map(|line| line.split('#').next()?.trim().parse().ok()));
}

#[test]
fn every_fault_on_purpose_is_found() {
    let mut missed = vec![];
    for sabotage in Sabotage::ALL {
        let found = (0..STORIES).find(|seed| !tell(*seed, Some(sabotage), false).problems.is_empty());
        match found {
            Some(seed) => println!("{sabotage:?}: {}", tell(seed, Some(sabotage), false).problems[0]),
            None => missed.push(sabotage),
        }
        println!("{sabotage:?}: story {found:?}");
    }
    assert!(missed.is_empty(), "not found within {STORIES} stories: {missed:?}");
}

/// `make simulate SEEDS=1000000` runs this.
#[test]
#[ignore = "as long as one likes"]
fn long_run() {
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (first, seeds) = (number("DEFSG_FIRST_SEED", 0), number("DEFSG_SEEDS", 10_000));
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let mut counts = Counts::default();
    std::thread::scope(|scope| {
        let share = |thread| (first..first + seeds).skip(thread as usize).step_by(threads as usize);
        let told: Vec<_> = (0..threads).map(|thread| scope.spawn(move || tell_all(share(thread)))).collect();
        for thread in told {
            counts.add(&thread.join().unwrap());
        }
    });
    let rate = seeds as f64 / began.elapsed().as_secs_f64();
    println!("{seeds} stories from seed {first}, {rate:.0} a second: {counts:?}");
}
