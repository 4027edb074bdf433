//! Programs that take turns at one event, so that the machine's noise hits them alike.

use std::array;
use std::path::Path;
use std::time::Instant;

use crate::Result;
use crate::endpoint::Endpoint;
use crate::figures::Samples;
use crate::function::{Function, Program};

const WARM_UPS: usize = 50;

/// Starts from process start, in milliseconds, and the peak memory of the process after the answer, in MiB.
#[derive(Default)]
pub(crate) struct Cold {
    pub(crate) time: Samples,
    pub(crate) memory: Samples,
}

/// Where the turns are taken, and at what.
#[derive(Clone, Copy)]
pub(crate) struct Turns<'a> {
    pub(crate) scratch: &'a Path,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) event: &'a str,
}

impl Turns<'_> {
    /// Each program from cold, once a round, and how many evaluations each must have put. The first round is not
    /// counted: it brings the files into the machine's cache, and Python's compiled modules onto the disk.
    pub(crate) fn cold<const N: usize>(
        self,
        programs: [(&Program, usize); N],
        runs: usize,
    ) -> Result<[Cold; N]> {
        let mut all = array::from_fn(|_| Cold::default());
        for round in 0..=runs {
            for place in in_turn::<N>(round) {
                let ((program, evaluations), cold): (_, &mut Cold) = (programs[place], &mut all[place]);
                let function = Function::start(program, self.scratch)?;
                function.invoke(self.event)?;
                let age = function.age()?;
                self.expect(evaluations)?;
                if round > 0 {
                    cold.time.add(age.as_secs_f64() * 1e3);
                    cold.memory.add(function.peak_mib()?);
                }
            }
        }
        Ok(all)
    }

    /// Each program kept running and invoked again and again, in milliseconds.
    pub(crate) fn warm<const N: usize>(
        self,
        programs: [(&Program, usize); N],
        runs: usize,
    ) -> Result<[Samples; N]> {
        let mut all = array::from_fn(|_| Samples::default());
        let mut functions = Vec::new();
        for (program, evaluations) in programs {
            functions.push((Function::start(program, self.scratch)?, evaluations));
        }
        for round in 0..WARM_UPS + runs {
            for place in in_turn::<N>(round) {
                let (function, evaluations) = &functions[place];
                let start = Instant::now();
                function.invoke(self.event)?;
                let took = start.elapsed();
                self.expect(*evaluations)?;
                if round >= WARM_UPS {
                    all[place].add(took.as_secs_f64() * 1e3);
                }
            }
        }
        Ok(all)
    }

    /// The peak memory of a new process of each program that meets so many groups, in MiB.
    pub(crate) fn memory<const N: usize>(
        self,
        programs: [(&Program, usize); N],
        runs: usize,
    ) -> Result<[Samples; N]> {
        let mut all = array::from_fn(|_| Samples::default());
        for round in 0..runs {
            for place in in_turn::<N>(round) {
                let ((program, groups), samples): (_, &mut Samples) = (programs[place], &mut all[place]);
                self.endpoint.set_groups(groups);
                let function = Function::start(program, self.scratch)?;
                function.invoke(self.event)?;
                self.expect(groups)?;
                samples.add(function.peak_mib()?);
            }
        }
        Ok(all)
    }

    /// A program that did not do its work would win every race.
    fn expect(self, evaluations: usize) -> Result<()> {
        match self.endpoint.take_evaluations() {
            put if put == evaluations => Ok(()),
            put => Err(format!("{evaluations} evaluations were due and {put} were put").into()),
        }
    }
}

/// The order of a round: forward and backward by turns, since it matters who comes after whom.
fn in_turn<const N: usize>(round: usize) -> [usize; N] {
    array::from_fn(|place| if round.is_multiple_of(2) { place } else { N - 1 - place })
}
