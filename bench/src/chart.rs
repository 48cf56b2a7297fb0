//! Charts of the tables.

use std::error::Error;

use plotters::{
    backend::SVGBackend,
    chart::{ChartBuilder, LabelAreaPosition},
    coord::Shift,
    drawing::{DrawingArea, IntoDrawingArea as _},
    element::{Rectangle, Text},
    style::{BLACK, Color as _, FontTransform, IntoFont as _, RGBColor, WHITE},
};

use crate::{
    counts::{Counts, number},
    crates::{CRATES, title as title_of},
};

/// Colors that stay apart for all eyes (Okabe and Ito, and grays).
const COLORS: [RGBColor; CRATES.len()] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(204, 121, 167),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(110, 110, 110),
    RGBColor(190, 190, 190),
    RGBColor(240, 228, 66),
    RGBColor(0, 0, 0),
    RGBColor(86, 180, 233),
];

/// The operations that a chart has room for: the shortest form of each. The tables have all.
const SHOWN: [&str; 11] = [
    "read hot",
    "read",
    "read pinned hot",
    "write hot",
    "increment hot",
    "add hot",
    "pointer hot",
    "read three hot",
    "increment masked hot",
    "read remote",
    "read remote checked",
];

/// The height of a row of bars, and of what stands above and below the bars.
const ROW: u32 = 76;
const MARGIN: u32 = 70;
/// The height of the lines above all panels, and how many crates one of them names.
const LEGEND: u32 = 70;
const NAMED: usize = 6;

type Area<'svg> = DrawingArea<SVGBackend<'svg>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// A chart with a panel for each table, as SVG.
pub(crate) fn bars(title: &str, tables: &[Counts]) -> Result<String, String> {
    let mut svg = String::new();
    let shown = tables.iter().map(|table| table.only(&SHOWN));
    draw(&mut svg, title, &shown.collect::<Vec<_>>())
        .map_err(|error| format!("the chart cannot be drawn: {error}"))?;
    // One element a line, so that a difference is readable.
    Ok(svg.trim_end().to_owned() + "\n")
}

fn draw(svg: &mut String, title: &str, tables: &[Counts]) -> Drawn {
    const COLUMNS: usize = 2;
    let rows = tables
        .iter()
        .map(|table| table.rows.len())
        .max()
        .unwrap_or(0) as u32;
    let panels = tables.len().div_ceil(COLUMNS);
    let size = (1200, LEGEND + panels as u32 * (rows * ROW + MARGIN));
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    let (top, rest) = root.split_vertically(LEGEND);
    legend(&top, title, tables)?;
    for (table, area) in tables.iter().zip(&rest.split_evenly((panels, COLUMNS))) {
        panel(area, table)?;
    }
    root.present()?;
    Ok(())
}

/// A row for each operation, a bar for each crate.
fn panel(area: &Area<'_>, table: &Counts) -> Drawn {
    let count = table.rows.len();
    let largest = table
        .rows
        .iter()
        .flat_map(|(_, cells)| cells.iter().flatten())
        .copied()
        .fold(1.0, f64::max);
    // The first row on top.
    let rows = count as f64..0.0;
    let mut chart = ChartBuilder::on(area)
        .caption(&table.title, ("sans-serif", 20))
        .margin(8)
        .set_label_area_size(LabelAreaPosition::Left, 130)
        .set_label_area_size(LabelAreaPosition::Bottom, 28)
        .build_cartesian_2d(0.0..largest * 1.08, rows)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_label_formatter(&|x| format!("{x:.0}"))
        .label_style(("sans-serif", 14))
        .light_line_style(WHITE)
        .draw()?;
    let crates = table.crates();
    let thickness = 0.84 / crates.len() as f64;
    for (row, (operation, cells)) in table.rows.iter().enumerate() {
        let (_, y) = chart.backend_coord(&(0.0, row as f64 + 0.5));
        let place = (8, y - area.get_base_pixel().1 - 8);
        area.draw(&Text::new(operation.clone(), place, ("sans-serif", 14)))?;
        for (bar, &name) in crates.iter().enumerate() {
            let Some(value) = cells[name] else {
                continue;
            };
            let top = row as f64 + 0.08 + bar as f64 * thickness;
            let corners = [(0.0, top), (value, top + thickness * 0.9)];
            chart.draw_series([Rectangle::new(corners, COLORS[name].filled())])?;
            let style = ("sans-serif", 11)
                .into_font()
                .transform(FontTransform::None)
                .color(&BLACK);
            chart.draw_series([Text::new(
                number(value),
                (value + largest * 0.008, top),
                style,
            )])?;
        }
    }
    Ok(())
}

fn legend(area: &Area<'_>, title: &str, tables: &[Counts]) -> Drawn {
    let shown = (0..CRATES.len()).filter(|&name| tables.iter().any(|table| table.has(name)));
    area.draw(&Text::new(title, (8, 14), ("sans-serif", 18)))?;
    for (place, name) in shown.enumerate() {
        let x = 230 + 160 * (place % NAMED) as i32;
        let y = 14 + 24 * (place / NAMED) as i32;
        let swatch = [(x, y), (x + 22, y + 16)];
        area.draw(&Rectangle::new(swatch, COLORS[name].filled()))?;
        area.draw(&Text::new(title_of(name), (x + 28, y), ("sans-serif", 15)))?;
    }
    Ok(())
}
