//! `Prior`: an engine as a `Denoiser`.
//!
//! The caller (`model`) gives its name, its reach and what was measured for it.

use std::sync::Arc;

use crate::contract::{Denoiser, Follower, Hint, ModelFacts, ONE_CALL_SIGMA, Reach};
use crate::error::Result;
use crate::frame::Picture;
use crate::runtime::conv_engine::engine::{Engine, Question};
use crate::runtime::conv_engine::follower::Following;
use crate::runtime::conv_net::conditioning;
use crate::runtime::conv_net::edm::Case;

/// A network on the cores of this machine.
pub(crate) struct Prior {
    engine: Arc<Engine>,
    reach: Reach,
    facts: ModelFacts,
}

impl Prior {
    /// The prior of `engine`. Adds to its facts what depends on this machine.
    pub fn new(engine: Engine, reach: Reach, facts: ModelFacts) -> Self {
        let facts = ModelFacts {
            pixel_bytes: engine.pixel_bytes(),
            precision: Some(engine.word()),
            ..facts
        };
        Self {
            engine: Arc::new(engine),
            reach,
            facts,
        }
    }
}

/// The case that `hint` describes at the noise level `sigma`.
pub(crate) fn case(sigma: f64, hint: Option<&Hint>) -> Case {
    Case {
        sigma,
        tables: hint.map_or([0.0; conditioning::LENGTH], conditioning::describe),
    }
}

impl Denoiser for Prior {
    /// At a level from the network's one call on, x is at rest.
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        self.engine.estimate(Question {
            size: (x.width, x.height),
            x: (sigma < self.engine.one_call_sigma()).then_some(x),
            y: hint.map(|hint| &hint.decoded),
            case: case(sigma, hint),
        })
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    /// What keeps the maps from frame to frame; none if this machine does not compute parts of a map
    /// exactly.
    fn follower(&self) -> Option<Box<dyn Follower>> {
        let one_call = self.engine.one_call_sigma() <= ONE_CALL_SIGMA;
        (one_call && self.engine.in_parts())
            .then(|| Box::new(Following::new(Arc::clone(&self.engine))) as Box<dyn Follower>)
    }
}
