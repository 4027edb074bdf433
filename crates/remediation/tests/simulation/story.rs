//! Stories: who does what, and when, drawn from a seed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use defsg_core::close::answer::Answer;
use defsg_core::close::plan::{ReopeningLimit, Request, Settings};
use defsg_core::close::source::RequiredSources;
use defsg_core::documents::plan::{self as plan_document, v1::Plan};
use defsg_core::judge::exemption::{ExemptionTag, Exemptions};
use defsg_remediation::{RemediationError, close_by, plan, restore};
use fastrand::Rng;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::caller::{Caller, Sim, place};
use crate::check;
use crate::ending::ending;
use crate::ports::{HOME, SOURCE};
use crate::run::{Kind, Run};
use crate::sabotage::{Hands, Sabotage};
use crate::weather::Weather;
use crate::world::{EXEMPTION_TAG, Ms, World, a_rule, id};

const BEGINNING: OffsetDateTime = datetime!(2026-11-22 06:51:00 UTC);

/// How long a process may run: as long as the Lambda function.
const LIMIT: Duration = Duration::from_secs(300);

const SECOND: Ms = 1_000;
const MINUTE: Ms = 60 * SECOND;
const HOUR: Ms = 60 * MINUTE;
const DAY: Ms = 24 * HOUR;

/// What a story's people and processes share.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) sim: Arc<Sim>,
    pub(crate) weather: Weather,
    pub(crate) sabotage: Option<Sabotage>,
    pub(crate) settings: Settings,
}

/// Tells the story of a seed: the world as it is at its end.
pub(crate) fn tell(seed: u64, sabotage: Option<Sabotage>, verbose: bool) -> World {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut rng = Rng::with_seed(seed);
        let weather = Weather::drawn(&mut rng);
        let closes = if rng.u8(..3) == 0 { 3 } else { 100 };
        let sim = Sim::new(verbose);
        let stage = Stage { sim, weather, sabotage, settings: settings(closes) };
        stage.sim.world().tell(|| format!("{weather:?}, {closes} closes a day"));
        for number in 0..8 {
            if rng.bool() {
                stage.sim.world().add(&a_rule(number));
            }
        }
        let (mut tasks, mut at) = (JoinSet::new(), 0);
        for number in 1..=rng.usize(4..=10) {
            at += gap(&mut rng);
            let task = event(stage.clone(), number, rng.fork());
            tasks.spawn(async move {
                sleep(Duration::from_millis(at)).await;
                task.await;
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        ending(&stage, &mut rng).await;
        let mut world = stage.sim.world();
        world.counts.stories = 1;
        std::mem::replace(&mut *world, World::new(false))
    })
}

pub(crate) fn settings(closes: u16) -> Settings {
    let tag = ExemptionTag { key: EXEMPTION_TAG.to_owned(), max_days: u16::MAX };
    Settings {
        place: place(),
        exemptions: Exemptions { entries: vec![], tag: Some(tag) },
        required: RequiredSources::every(&[SOURCE]),
        reopening: ReopeningLimit { closes: closes.try_into().unwrap(), ..ReopeningLimit::default() },
    }
}

/// From one event to the next: most happen while the one before is under way.
fn gap(rng: &mut Rng) -> Ms {
    match rng.u32(..100) {
        0..50 => rng.u64(..2 * SECOND),
        50..70 => rng.u64(..20 * MINUTE),
        70..85 => rng.u64(..5 * HOUR),
        _ => rng.u64(..40 * DAY),
    }
}

async fn event(stage: Stage, number: usize, mut rng: Rng) {
    match rng.u32(..100) {
        0..36 => drop(stage.close(&format!("close {number}"), false, None, &mut rng).await),
        36..41 => drop(stage.close(&format!("forced close {number}"), true, None, &mut rng).await),
        41..52 => stage.plan_and_close(number, &mut rng).await,
        52..64 => {
            if let Some(key) = stage.some_backup(&mut rng) {
                stage.restore(&format!("restore {number}"), &key, &mut rng).await;
            }
        }
        64..84 => stage.edit(&mut rng).await,
        84..92 => stage.reopen(&mut rng).await,
        92..96 => stage.use_it(&mut rng).await,
        _ => stage.exempt(&mut rng).await,
    }
}

impl Stage {
    fn hands(&self, name: &str, kind: Kind, rng: &mut Rng) -> (usize, Hands) {
        let mut world = self.sim.world();
        world.runs.push(Run::new(name.to_owned(), kind));
        let run = world.runs.len() - 1;
        let rng = Mutex::new(rng.fork());
        let caller = Caller { sim: self.sim.clone(), run, weather: self.weather, rng };
        (run, Hands::new(caller, self.sabotage))
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        BEGINNING + Duration::from_millis(self.sim.world().now)
    }

    /// Waits for a run, until its process crashes or its time is over.
    async fn run(
        &self,
        run: usize,
        work: impl Future<Output = Result<Answer, RemediationError>>,
    ) -> Option<Answer> {
        let result = timeout(LIMIT, work).await.ok();
        let mut world = self.sim.world();
        let Some(result) = result else {
            let who = world.runs[run].name.clone();
            world.tell(|| format!("{who} is no more"));
            return None;
        };
        check::ended(&mut world, run, &result, self.weather.lag);
        result.ok()
    }

    pub(crate) async fn close(
        &self,
        name: &str,
        force: bool,
        planned: Option<&Plan>,
        rng: &mut Rng,
    ) -> Option<Answer> {
        let rules = |plan: &Plan| plan.rules.iter().map(|rule| rule.clone().try_into().unwrap()).collect();
        let kind = Kind::Close { force, planned: planned.map(rules) };
        let (run, hands) = self.hands(name, kind, rng);
        let request = Request { force, ..planned.map(Plan::request).unwrap_or_default() };
        let (group, choose) = (id(), Sabotage::choice(self.sabotage));
        let work = close_by(choose, &hands, &hands, &group, &request, &self.settings, self.now());
        self.run(run, work).await
    }

    /// Makes a plan, keeps it as a document, and carries it out after a while.
    async fn plan_and_close(&self, number: usize, rng: &mut Rng) {
        let (run, hands) = self.hands(&format!("plan {number}"), Kind::Plan, rng);
        let (group, request, made) = (id(), Request::default(), self.now());
        let work = plan(&hands, Some(&hands), &group, &request, &self.settings, made);
        let Some(Answer::Plan(planned)) = self.run(run, work).await else { return };
        let document = Plan::new(&planned.plan, &self.settings.place, made).to_bytes();
        let wait = [SECOND, MINUTE, DAY][rng.usize(..3)];
        sleep(Duration::from_millis(rng.u64(..wait))).await;
        let document = plan_document::read(&document).unwrap();
        let (name, mut editor) = (format!("close {number} of a plan"), rng.fork());
        let close = self.close(&name, false, Some(&document), rng);
        if editor.bool() {
            tokio::join!(close, self.edit(&mut editor));
        } else {
            close.await;
        }
    }

    /// The key of one of the backups: the newest, or any.
    fn some_backup(&self, rng: &mut Rng) -> Option<String> {
        let world = self.sim.world();
        let any = rng.usize(..world.objects.len().max(1));
        let mut keys = world.objects.keys();
        if rng.bool() { keys.last().cloned() } else { keys.nth(any).cloned() }
    }

    pub(crate) async fn restore(&self, name: &str, key: &str, rng: &mut Rng) -> Option<Answer> {
        let (run, hands) = self.hands(name, Kind::Restore, rng);
        let (group, uri) = (id(), format!("{HOME}{key}"));
        let work = restore(&hands, &hands, &group, &uri, &self.settings);
        self.run(run, work).await
    }

    /// Somebody adds, alters and removes rules, one after the other.
    async fn edit(&self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..=5) {
            {
                let mut world = self.sim.world();
                edit_once(&mut world, rng);
            }
            sleep(Duration::from_millis(rng.u64(..600))).await;
        }
    }

    /// A template puts back the rules that it names.
    async fn reopen(&self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..=3) {
            {
                let mut world = self.sim.world();
                let added = (0..4).filter(|number| world.add(&a_rule(*number)).is_some()).count();
                world.tell(|| format!("the template adds {added} rules"));
            }
            sleep(Duration::from_millis(rng.u64(..8 * SECOND))).await;
        }
    }

    /// Something uses the group, for a while.
    async fn use_it(&self, rng: &mut Rng) {
        {
            let mut world = self.sim.world();
            let now = world.now;
            world.used_since.get_or_insert(now);
            world.tell(|| "the group comes into use".to_owned());
        }
        sleep(Duration::from_millis(rng.u64(..10 * MINUTE))).await;
        let mut world = self.sim.world();
        world.used_since = None;
        world.tell(|| "nothing uses the group any more".to_owned());
    }

    /// Somebody exempts the group, for a while.
    async fn exempt(&self, rng: &mut Rng) {
        {
            let mut world = self.sim.world();
            let now = world.now;
            let tag = (EXEMPTION_TAG.to_owned(), "2040-01-31 as the story wants it".to_owned());
            world.change(|group| group.identity.tags.extend([tag]));
            world.exempt_since.get_or_insert(now);
            world.tell(|| "the group is exempt".to_owned());
        }
        sleep(Duration::from_millis(rng.u64(..10 * MINUTE))).await;
        let mut world = self.sim.world();
        world.change(|group| drop(group.identity.tags.remove(EXEMPTION_TAG)));
        world.exempt_since = None;
        world.tell(|| "the group is not exempt any more".to_owned());
    }
}

fn edit_once(world: &mut World, rng: &mut Rng) {
    let any = rng.usize(..world.rules().len().max(1));
    let standing = world.rules().get(any).cloned();
    match (rng.u32(..10), standing) {
        (0..3, _) => {
            let mut rule = a_rule(rng.u64(..10));
            rule.description = rng.bool().then(|| format!("number {}", rng.u8(..4)));
            let added = world.add(&rule);
            world.tell(|| format!("somebody adds {added:?} ({})", rule.traffic));
        }
        (3..5, _) => {
            let now = world.now;
            let since = *world.used_since.get_or_insert(now);
            let rule = a_rule(20 + rng.u64(..20));
            if let Some(id) = world.add(&rule) {
                world.added_for_use.insert(id.clone(), since);
                world.tell(|| format!("somebody adds {id} ({}) and puts it to use", rule.traffic));
            }
        }
        (5..8, Some(rule)) => {
            let description = Some(format!("altered {}", rng.u16(..)));
            world.tell(|| format!("somebody alters {rule}"));
            world.change(|group| {
                group.rules.iter_mut().filter(|other| other.id == rule.id).for_each(|other| {
                    other.description.clone_from(&description);
                });
            });
        }
        (_, Some(rule)) => {
            world.tell(|| format!("somebody removes {rule}"));
            world.remove(&[rule.id]);
        }
        (_, None) => {}
    }
}
