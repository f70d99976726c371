//! The faults as rows: what goes wrong, where it can happen, and what must come of it.

use super::*;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// To the API: which commit a revision is.
    Revision,
    /// To the API: which files a commit has.
    Listing,
    /// To `resolve`: where a large file is.
    Door,
    /// To `resolve`: a small file.
    Small,
    /// To the CDN: a range of a large file.
    Storage,
}

use Place::{Door, Listing, Revision, Small, Storage};

pub(crate) const ALL: &[Place] = &[Revision, Listing, Door, Small, Storage];
/// Where an answer has a body that matters.
pub(crate) const BODIES: &[Place] = &[Revision, Listing, Small, Storage];
pub(crate) const API: &[Place] = &[Revision, Listing];
pub(crate) const RESOLVE: &[Place] = &[Door, Small];
pub(crate) const FILES: &[Place] = &[Small, Storage];
pub(crate) const CDN: &[Place] = &[Storage];

impl Place {
    /// The requests of this kind.
    pub(crate) fn requests(self) -> Match {
        match self {
            Revision => Match::hub().path("/revision/"),
            Listing => Match::hub().path("/tree/"),
            Door => Match::hub().path(WEIGHTS),
            Small => Match::hub().path("/resolve/").path(SMALL),
            Storage => Match::cdn(),
        }
    }

    /// What the document calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Revision | Listing => "API",
            Door | Small => "resolve",
            Storage => "CDN",
        }
    }
}

/// What comes of a fault that stays.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stays {
    /// The right files: it does no harm.
    Right,
    /// An error with this exit code and these words.
    Fails(i32, &'static str),
}

pub(crate) use Stays::{Fails, Right};

/// What has to be fetched again when a fault passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// At most what was on its way.
    OnItsWay,
    /// All of the file: what came was wrong, and nobody can say where.
    File,
}

impl Again {
    /// The most bytes.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::OnItsWay => ON_ITS_WAY,
            // A fast connection has larger buffers; less than the file twice in any case.
            Self::File => LEN + LEN / 2,
        }
    }
}

/// One fault.
pub(crate) struct Row {
    /// What the document calls it.
    pub(crate) name: &'static str,
    /// The fault.
    pub(crate) fault: fn() -> Fault,
    /// Whether only a timeout ends it.
    pub(crate) is_silent: bool,
    /// What it costs when it passes.
    pub(crate) again: Again,
    /// What comes of it when it stays, by place.
    pub(crate) stays: &'static [(&'static [Place], Stays)],
}

/// A row at one place of a hub.
pub(crate) struct Case {
    pub(crate) site: Site,
    pub(crate) row: &'static Row,
    pub(crate) place: Place,
    pub(crate) stays: Stays,
}

impl Case {
    pub(crate) fn name(&self) -> String {
        format!("{} ({:?} of {:?})", self.row.name, self.place, self.site)
    }

    /// The requests that the fault is for.
    pub(crate) fn requests(&self) -> Match {
        match self.site {
            Site::HuggingFace => self.place.requests(),
            Site::ModelScope => modelscope::requests(self.place),
        }
    }
}

/// Every row at every place of a hub.
pub(crate) fn cases_of(site: Site) -> Vec<Case> {
    let mut cases = cases();
    if site == Site::ModelScope {
        for case in &mut cases {
            case.site = site;
            case.stays = modelscope::stays(case);
        }
    }
    cases
}

/// Every row at every place of Hugging Face.
pub(crate) fn cases() -> Vec<Case> {
    let rows = TABLES.iter().copied().flatten();
    rows.flat_map(|row| row.stays.iter().map(move |stays| (row, stays)))
        .flat_map(|(row, (places, stays))| places.iter().map(move |place| (row, *place, *stays)))
        .map(|(row, place, stays)| Case {
            site: Site::HuggingFace,
            row,
            place,
            stays,
        })
        .collect()
}

/// All rows.
pub(crate) const TABLES: &[&[Row]] = &[
    connections::ROWS,
    refusals::ROWS,
    bodies::ROWS,
    elsewhere::ROWS,
];

const fn row(
    name: &'static str,
    fault: fn() -> Fault,
    stays: &'static [(&'static [Place], Stays)],
) -> Row {
    let again = Again::OnItsWay;
    Row {
        name,
        fault,
        is_silent: false,
        again,
        stays,
    }
}

impl Row {
    const fn ends_by_timeout(mut self) -> Self {
        self.is_silent = true;
        self
    }

    const fn costs_the_file(mut self) -> Self {
        self.again = Again::File;
        self
    }
}

#[path = "table/bodies.rs"]
mod bodies;
#[path = "table/connections.rs"]
mod connections;
#[path = "table/elsewhere.rs"]
mod elsewhere;
#[path = "table/modelscope.rs"]
mod modelscope;
#[path = "table/refusals.rs"]
mod refusals;
