//! What a step's place looks like: one palette for every format.
//!
//! The colours are those of Okabe and Ito, which people with any kind of colour vision tell apart, and none of them
//! says anything alone: the word for the status is in every box, and in drawings a sign of its own shape.

use super::{Picture, Seen, Status, StepNo, Wait};

/// How a step's box looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// A step of a template, which is nowhere yet.
    Plain,
    /// Nothing has happened yet.
    Pending,
    /// It waits for a moment or for a worker.
    Waiting,
    /// It is being worked on.
    InProgress,
    /// It is done.
    Complete,
    /// It rests in error.
    Error,
    /// It will not be done.
    Cancelled,
    /// Somebody declared it done.
    Resolved,
}

/// The colours of a box: its ground, its border with its sign, the text on its ground.
#[derive(Debug, Clone, Copy)]
pub(super) struct Colours {
    pub ground: &'static str,
    pub border: &'static str,
    pub text: &'static str,
}

impl Look {
    /// In the order of a step's life.
    pub const ALL: [Self; 8] = [
        Self::Plain,
        Self::Pending,
        Self::Waiting,
        Self::InProgress,
        Self::Complete,
        Self::Error,
        Self::Cancelled,
        Self::Resolved,
    ];

    pub fn of(picture: &Picture, no: StepNo) -> Self {
        match picture.seen(no) {
            None => Self::Plain,
            Some(Seen { status: Status::Pending, wait: Some(_), .. }) => Self::Waiting,
            Some(Seen { status: Status::InProgress, wait: Some(Wait::Asleep(_)), .. }) => Self::Waiting,
            Some(seen) => Self::of_status(seen.status),
        }
    }

    pub const fn of_status(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::InProgress => Self::InProgress,
            Status::Complete => Self::Complete,
            Status::Error => Self::Error,
            Status::Cancelled => Self::Cancelled,
            Status::ResolvedManually => Self::Resolved,
        }
    }

    /// Its class in style sheets, and its words with spaces.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Plain => "step",
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::InProgress => "in_progress",
            Self::Complete => "complete",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Resolved => "resolved_manually",
        }
    }

    /// On a light page.
    pub const fn light(self) -> Colours {
        match self {
            Self::Plain => colours("#f4f7fb", "#4c6a92", "#1b2733"),
            Self::Pending => colours("#f6f7f9", "#7d8694", "#3d4653"),
            Self::Waiting => colours("#fff4dc", "#b87700", "#5a3c00"),
            Self::InProgress => colours("#e3f0fb", "#0072b2", "#003f66"),
            Self::Complete => colours("#dff5ec", "#00805c", "#00472f"),
            Self::Error => colours("#fde6d9", "#c24e00", "#6b2400"),
            Self::Cancelled => colours("#eceef1", "#6d7683", "#3f4652"),
            Self::Resolved => colours("#f9e8f2", "#a8518a", "#5c2148"),
        }
    }

    /// On a dark page.
    pub const fn dark(self) -> Colours {
        match self {
            Self::Plain => colours("#182230", "#7f9dc6", "#e6edf3"),
            Self::Pending => colours("#1a1f27", "#8892a0", "#c3cad3"),
            Self::Waiting => colours("#33260a", "#e69f00", "#ffe2a8"),
            Self::InProgress => colours("#0b2a40", "#56b4e9", "#cbe8fb"),
            Self::Complete => colours("#082e22", "#2fc79b", "#c4f3e2"),
            Self::Error => colours("#3d1a08", "#ff8a4c", "#ffd9c2"),
            Self::Cancelled => colours("#20252d", "#8a93a0", "#b4bcc7"),
            Self::Resolved => colours("#36182b", "#dd92c0", "#f8d8ea"),
        }
    }
}

const fn colours(ground: &'static str, border: &'static str, text: &'static str) -> Colours {
    Colours { ground, border, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast of two colours, as the Web Content Accessibility Guidelines reckon it.
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour: &str| {
            let channel = |at: usize| {
                let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("a colour")) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_and_borders_can_be_seen_on_both_kinds_of_page() {
        for look in Look::ALL {
            for (colours, page) in [(look.light(), "#ffffff"), (look.dark(), "#0d1117")] {
                assert!(contrast(colours.text, colours.ground) >= 7.0, "{look:?}: the text");
                assert!(
                    contrast(colours.border, colours.ground) >= 3.0,
                    "{look:?}: the border on its ground"
                );
                assert!(contrast(colours.border, page) >= 3.0, "{look:?}: the border on the page");
            }
        }
    }
}
