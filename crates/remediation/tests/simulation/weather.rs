//! How bad a story's AWS is: how far readings lag, how often calls fail, how often processes crash.

use defsg_core::ports::ApiErrorKind;
use fastrand::Rng;

use crate::world::Ms;

/// How bad it is. Chances are in percent a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// A reading shows the group as it was at some time since so long before the reading began. EC2 promises no bound; the
    /// stories have this one.
    pub(crate) lag: Ms,
    pub(crate) faults: u32,
    pub(crate) crashes: u32,
    pub(crate) slow: u32,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does nothing, and fails.
    Error(ApiErrorKind),
    /// It does its work, and the answer is lost.
    AnswerLost,
    /// It does half of its work, and fails.
    HalfDone,
    /// It does nothing, and succeeds. Only a write does so, whose port promises no more.
    Nothing,
    /// The process ends before it does anything.
    Crash,
    /// The process ends once it has done its work.
    CrashAfter,
    /// The process ends once it has done half of its work.
    CrashHalfway,
}

impl Fault {
    pub(crate) fn is_crash(self) -> bool {
        matches!(self, Self::Crash | Self::CrashAfter | Self::CrashHalfway)
    }
}

/// The longest that a call takes on its way, there and back, each.
const SLOWEST: Ms = 4_000;

impl Weather {
    /// Nothing fails; readings may lag all the same.
    pub(crate) fn calm(self) -> Self {
        Self { faults: 0, crashes: 0, slow: 0, ..self }
    }

    pub(crate) fn drawn(rng: &mut Rng) -> Self {
        let mut one_of = |choices: [u32; 5]| choices[rng.usize(..5)];
        Self {
            lag: one_of([0, 0, 0, 300, 2_000]).into(),
            faults: one_of([0, 0, 2, 5, 10]),
            crashes: one_of([0, 0, 1, 4, 8]),
            slow: one_of([0, 0, 1, 5, 15]),
        }
    }

    /// How long a call is on its way there, or back.
    pub(crate) fn latency(&self, rng: &mut Rng) -> Ms {
        if rng.u32(..100) < self.slow { rng.u64(..SLOWEST) } else { 1 + rng.u64(..120) }
    }

    /// How a call with this name fails, if it does.
    pub(crate) fn fault(&self, call: &str, rng: &mut Rng) -> Option<Fault> {
        if rng.u32(..100) < self.crashes {
            return Some([Fault::Crash, Fault::CrashAfter, Fault::CrashHalfway][rng.usize(..3)]);
        }
        if rng.u32(..100) >= self.faults {
            return None;
        }
        Some(match rng.u32(..6) {
            0 => Fault::Error(ApiErrorKind::AccessDenied),
            1 => Fault::Error(ApiErrorKind::Throttled),
            2 | 3 => Fault::AnswerLost,
            4 if call == "write_backup" => Fault::Nothing,
            _ => Fault::HalfDone,
        })
    }
}
