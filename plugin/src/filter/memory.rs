//! Which tables to restore a frame with if neither a meta nor `qf` names them. Tables from earlier
//! frames are kept while the pixels agree with them. If nothing is found, frames are searched at
//! growing intervals.
//!
//! A search costs tens of milliseconds or more; checking whether the last tables still fit costs
//! one. Called by the work on frames, before and after each.

use std::sync::Arc;

use ddrmjpeg::restore::{Estimated, FrameInfo, FrameTables, Report};

/// Most frames between two searches. After a search without result the next frame is searched, then
/// the third, the seventh: each interval is twice the last.
const LONGEST_WAIT: u32 = 64;

/// What is remembered about the stream.
#[derive(Debug, Default)]
pub struct Memory {
    told: Option<Arc<Estimated>>,
    /// Frames to skip before the next search.
    wait: u32,
    /// How many frames to skip if the next search fails.
    patience: u32,
}

impl Memory {
    /// The tables for the next frame.
    pub fn tables(&mut self) -> FrameInfo {
        let may_search = self.wait == 0;
        self.wait = self.wait.saturating_sub(1);
        let mut info = FrameInfo::from(match may_search {
            true => FrameTables::Estimate,
            false => FrameTables::Unknown,
        });
        let told = self.told.as_ref();
        let kept = told.filter(|told| is_whole(told) || !may_search);
        info.earlier = kept.cloned();
        info
    }

    /// Updates the memory from the report of a frame.
    pub fn learn(&mut self, report: &Report) {
        if !report.searched {
            return;
        }
        if let Some(told) = &report.estimated {
            self.told = Some(Arc::clone(told));
        }
        if report.estimated.as_deref().is_some_and(is_whole) {
            self.patience = 0;
        } else {
            self.wait = self.patience;
            self.patience = (2 * self.patience + 1).min(LONGEST_WAIT);
        }
    }
}

/// Whether the table of every plane was found. A colourless first frame shows none for chroma, so
/// it is searched again.
fn is_whole(told: &Estimated) -> bool {
    told.chroma.is_some() || told.subsampling.is_none()
}

#[cfg(test)]
mod tests {
    use ddrmjpeg::jpeg::recover::estimate::{Estimate, Fill, Known};

    use super::*;

    fn told(colour: bool, chroma: bool) -> Arc<Estimated> {
        let luma = Estimate {
            steps: [9; 64],
            known: [Known::Seen; 64],
            step_confidence: [9.0; 64],
            fill: Fill::Neighbours,
            offset: (0, 0),
            confidence: 2.0,
        };
        Arc::new(Estimated {
            chroma: chroma.then(|| luma.clone()),
            luma,
            subsampling: colour.then_some((2, 2)),
            margin: (0, 0),
            orientation: Default::default(),
        })
    }

    fn searched(estimated: Option<Arc<Estimated>>) -> Report {
        {
            let mut report = Report::default();
            report.searched = true;
            report.estimated = estimated;
            report
        }
    }

    /// Which of `frames` frames are searched if no search finds anything.
    fn searches(memory: &mut Memory, frames: usize) -> Vec<usize> {
        let mut found = Vec::new();
        for n in 0..frames {
            if memory.tables() == FrameTables::Estimate.into() {
                memory.learn(&searched(None));
                found.push(n);
            }
        }
        found
    }

    #[test]
    fn what_tells_nothing_is_searched_ever_more_seldom() {
        let found = searches(&mut Memory::default(), 400);
        assert_eq!(found, [0, 1, 3, 7, 15, 31, 63, 127, 192, 257, 322, 387]);
    }

    #[test]
    fn what_was_told_is_kept_and_searched_anew_only_when_it_is_contradicted() {
        let mut memory = Memory::default();
        for told in [told(true, true), told(false, false)] {
            memory.learn(&searched(Some(told.clone())));
            let wanted = FrameInfo::from(FrameTables::Estimate).with_earlier(told);
            for _ in 0..3 {
                assert_eq!(memory.tables(), wanted);
                memory.learn(&Report::default());
            }
        }
        // Contradicted, and nothing else found: the last tables may fit again, without a search.
        memory.learn(&searched(None));
        memory.tables();
        memory.learn(&searched(None));
        let info = memory.tables();
        assert!(info.earlier.is_some(), "the last answer is forgotten");
        assert_eq!(info.tables, FrameTables::Unknown);
    }

    #[test]
    fn colour_without_a_chroma_table_is_searched_now_and_then() {
        let mut memory = Memory::default();
        let half = told(true, false);
        let mut found = Vec::new();
        for n in 0..70 {
            if memory.tables() == FrameTables::Estimate.into() {
                memory.learn(&searched(Some(half.clone())));
                found.push(n);
            }
        }
        assert_eq!(found, [0, 1, 3, 7, 15, 31, 63]);
    }
}
