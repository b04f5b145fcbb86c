//! Charts as SVG and PNG: a figure is a grid of panels with one legend. Nothing here knows an experiment.

pub mod figure;
pub mod font;
pub mod panel;
pub mod pictures;
pub mod png;
pub mod scale;
pub mod series;
pub mod style;
pub mod svg;
