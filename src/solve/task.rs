//! [`Task`]: what is to be done with a picture, decided before anything is computed, for pictures by
//! themselves and for those of streams alike.

use crate::contract::Denoiser;
use crate::jpeg::Observation;
use crate::jpeg::grid::measure::Departures;
use crate::options::RestoreOptions;
use crate::report::{Gate, Report};
use crate::sampler::plan::Plan;
use crate::solve::{gate, is_stated};

const STRANGE: &str = "unlike what the model knows (text or drawing?): handed on as decoded";

/// What is to be done with a picture.
pub(crate) struct Task {
    /// What is asked of the network, and how often.
    pub plan: Plan,
    /// The picture is handed on as decoded.
    pub idle: bool,
    /// The answer is shown as it is, not held to the levels.
    pub released: bool,
    gate: Gate,
    /// Share of luma coefficients far outside their cells from which an answer is strange; `None`
    /// if nobody asks.
    limit: Option<f64>,
}

impl Task {
    /// That of what was seen, by what the prior knows and the caller asked for.
    pub fn of(seen: &Observation, denoiser: &dyn Denoiser, options: &RestoreOptions) -> Self {
        let released = is_stated(options);
        // If the caller says how the picture was damaged, it is restored.
        let asks = options.identity_gate && !released;
        let limit = asks.then(|| gate::limit(seen, denoiser)).flatten();
        let gate = match asks {
            true => Gate::of(seen, limit),
            false => Gate::Open,
        };
        Self {
            plan: Plan::of(options, denoiser.facts().one_call),
            idle: options.strength == 0.0 || gate == Gate::Closed,
            released,
            gate,
            limit,
        }
    }

    /// The report of a picture of which nothing was computed yet.
    pub fn report(&self, seen: &Observation) -> Report {
        Report {
            measured: seen.components.iter().map(|c| c.is_measured()).collect(),
            gate: self.gate,
            ..Report::default()
        }
    }

    /// What is handed on as decoded, whatever the answer.
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// Whether [`Self::is_strange`] may say yes.
    pub fn is_judged(&self) -> bool {
        self.limit.is_some() && matches!(self.plan, Plan::OneCall { .. })
    }

    /// Whether an answer that stood so to its cells is one of a prior that does not know such pictures.
    /// Only plans of one call are judged: the others begin at the decoded picture.
    pub fn is_strange(&self, stood: &Departures) -> bool {
        let judges = matches!(self.plan, Plan::OneCall { .. });
        judges
            && self
                .limit
                .is_some_and(|limit| gate::is_strange(stood, limit))
    }
}

/// Says in the report of a strange picture that it was handed on as decoded.
pub(crate) fn hand_on(report: &mut Report) {
    report.gate = Gate::Closed;
    report.notes.push(STRANGE.into());
}
