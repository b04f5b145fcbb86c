//! [`Table`]: a CSV file of images, a row each: the label, then the pixels, row major, whole numbers from 0 to 255.
//!
//! The form in which digits are handed around most (`mnist_train.csv`, Kaggle's `train.csv`). Images are square, so
//! the number of columns tells their size: 785 for 28 x 28. A heading is skipped; the separator is a comma, a
//! semicolon or a tab, as in the first row. Refused at the first field that shows the file to be wrong, wherever it was
//! cut into chunks. `csv-core` knows quotes, line ends and marks of byte order; what a field means is decided here.

use super::idx::{IdxFile, IdxHeader, IdxKind};
use super::stream::Content;
use super::{Checked, MAX_SIDE, checked_image_bytes, grouped};
use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

/// Longest field that may be a number, in bytes; headings may be longer.
const FIELD: usize = 24;
/// What may stand between fields.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
/// What some programs put before text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether a file that starts like this is a table: text whose first line has fields.
pub(super) fn is_table(start: &[u8]) -> bool {
    let text = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start);
    let plain = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let begins =
        text.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'"' | b'-'));
    begins && text.iter().all(plain) && separator(text).is_some()
}

/// The separator that comes first.
fn separator(start: &[u8]) -> Option<u8> {
    let line = start.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
    line.iter().copied().find(|b| SEPARATORS.contains(b))
}

/// The rows so far.
pub(super) struct Table {
    reader: Reader,
    classes: usize,
    /// The field being read, as far as it fits.
    field: [u8; FIELD],
    len: usize,
    /// Number of the row being read, a heading among them, from 1.
    row: usize,
    /// Whole fields of it.
    column: usize,
    /// Fields of every row, as the first has them.
    columns: Option<usize>,
    /// The row being read is a heading.
    heading: bool,
    labels: Vec<u8>,
    pixels: Vec<u8>,
}

impl Table {
    /// For a file that starts like this, with labels `0..classes`.
    pub(super) fn new(start: &[u8], classes: usize) -> Self {
        let separator = separator(start).unwrap_or(SEPARATORS[0]);
        Self {
            reader: ReaderBuilder::new().delimiter(separator).build(),
            classes,
            field: [0; FIELD],
            len: 0,
            row: 1,
            column: 0,
            columns: None,
            heading: false,
            labels: Vec::new(),
            pixels: Vec::new(),
        }
    }

    /// Rows so far, without a heading.
    pub(super) fn items(&self) -> usize {
        self.labels.len()
    }

    /// Reads on; without input, to the end of the file.
    fn read(&mut self, mut input: &[u8]) -> Checked<()> {
        loop {
            let (result, read, wrote) = self.reader.read_field(input, &mut self.field[self.len..]);
            input = &input[read..];
            self.len += wrote;
            match result {
                ReadFieldResult::Field { record_end } => {
                    self.take()?;
                    if record_end {
                        self.end_row()?;
                    }
                }
                ReadFieldResult::OutputFull => self.too_long()?,
                ReadFieldResult::InputEmpty | ReadFieldResult::End => return Ok(()),
            }
            // an empty input means the end of the file to the reader
            if input.is_empty() && read > 0 {
                return Ok(());
            }
        }
    }

    /// A field that is longer than any number: part of a heading, or wrong.
    fn too_long(&mut self) -> Checked<()> {
        let first = self.columns.is_none() && self.column == 0;
        if !self.heading && !first {
            return Err(self.not_a_number());
        }
        self.heading = true;
        self.len = 0;
        Ok(())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.field[..self.len]).unwrap_or("").trim()
    }

    /// A whole field.
    fn take(&mut self) -> Checked<()> {
        if self.len == FIELD {
            self.too_long()?;
        }
        if self.columns.is_none() && self.column == 0 && !self.heading {
            self.heading =
                !self.text().starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        }
        if !self.heading {
            let value = self.text().parse::<u8>().map_err(|_| self.not_a_number())?;
            if self.column == 0 {
                self.take_label(value)?;
            } else {
                push(&mut self.pixels, value)?;
            }
        }
        self.column += 1;
        self.len = 0;
        let most = self.columns.unwrap_or(1 + MAX_SIDE * MAX_SIDE);
        if self.column > most {
            return Err(self.wrong_columns("more"));
        }
        Ok(())
    }

    fn take_label(&mut self, label: u8) -> Checked<()> {
        if usize::from(label) >= self.classes {
            return Err(format!(
                "row {}: expected a label from 0 to {} in the first column, found {label}; the label comes first, then \
                 the pixels",
                grouped(self.row),
                self.classes - 1
            ));
        }
        push(&mut self.labels, label)
    }

    fn end_row(&mut self) -> Checked<()> {
        let column = std::mem::take(&mut self.column);
        let columns = match self.columns {
            Some(columns) => columns,
            None => checked_columns(column, self.row)?,
        };
        self.columns = Some(columns);
        if column != columns {
            return Err(self.wrong_columns(&grouped(column)));
        }
        self.row += 1;
        if !std::mem::take(&mut self.heading) {
            let side = side(columns - 1);
            checked_image_bytes(self.labels.len(), side, side, 1)?;
        }
        Ok(())
    }

    fn not_a_number(&self) -> String {
        format!(
            "row {}, column {}: expected a whole number from 0 to 255, found `{}`; pixels are bytes, not shares of 1",
            grouped(self.row),
            grouped(self.column + 1),
            self.text().escape_default()
        )
    }

    fn wrong_columns(&self, found: &str) -> String {
        let wanted = match self.columns {
            Some(columns) => format!("{} columns, as in the first row", grouped(columns)),
            None => format!("at most {} columns", grouped(1 + MAX_SIDE * MAX_SIDE)),
        };
        format!(
            "row {}: expected {wanted}, found {found}; the file is cut off or damaged: download it again",
            grouped(self.row)
        )
    }
}

/// The largest whole number whose square is not above `pixels`.
fn side(pixels: usize) -> usize {
    pixels.isqrt()
}

/// The number of columns, if a label and a square image fill them.
fn checked_columns(columns: usize, row: usize) -> Checked<usize> {
    let square = |pixels: usize| pixels > 0 && side(pixels) * side(pixels) == pixels;
    if columns > 1 && square(columns - 1) {
        return Ok(columns);
    }
    let labels = if square(columns) { "; the column of labels seems to be missing" } else { "" };
    Err(format!(
        "row {}: expected a label and the pixels of a square image, such as 785 columns for 28x28, found {} \
         columns{labels}",
        grouped(row),
        grouped(columns)
    ))
}

fn push(bytes: &mut Vec<u8>, value: u8) -> Checked<()> {
    bytes.try_reserve(1).map_err(|_| {
        format!(
            "{} MiB of pixels are more than there is memory for; close other tabs or programs",
            bytes.len() >> 20
        )
    })?;
    bytes.push(value);
    Ok(())
}

impl Content for Table {
    /// Images and labels.
    type Whole = [IdxFile; 2];

    fn push(&mut self, bytes: &[u8]) -> Checked<()> {
        if bytes.is_empty() { Ok(()) } else { self.read(bytes) }
    }

    fn finish(&mut self) -> Checked<[IdxFile; 2]> {
        self.read(&[])?;
        let items = self.labels.len();
        let side = side(self.columns.unwrap_or(1) - 1);
        checked_image_bytes(items, side, side, 1)
            .map_err(|message| format!("{message}: the table has no rows"))?;
        let header = |kind, side| IdxHeader { kind, items, rows: side, cols: side };
        let images = IdxFile {
            header: header(IdxKind::Images, side),
            data: std::mem::take(&mut self.pixels),
        };
        let labels =
            IdxFile { header: header(IdxKind::Labels, 1), data: std::mem::take(&mut self.labels) };
        Ok([images, labels])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Checked<[IdxFile; 2]> {
        let mut outcomes: Vec<Checked<[IdxFile; 2]>> = Vec::new();
        // in one piece, in two, byte by byte: the outcome is the same
        for piece in [text.len().max(1), text.len() / 2 + 1, 1] {
            let mut table = Table::new(text.as_bytes(), 10);
            let read = text.as_bytes().chunks(piece).try_for_each(|bytes| table.push(bytes));
            outcomes.push(read.and_then(|()| table.finish()));
        }
        let [first, others @ ..] = &outcomes[..] else { unreachable!() };
        for other in others {
            assert_eq!(first, other, "{text}");
        }
        outcomes.remove(0)
    }

    #[test]
    fn a_row_is_a_label_and_a_square_image() {
        let expected = |text: &str| {
            let [images, labels] = whole(text).unwrap();
            assert_eq!((images.header.items, images.header.rows, images.header.cols), (2, 2, 2));
            assert_eq!(images.data, [0, 255, 3, 4, 5, 6, 7, 8], "{text}");
            assert_eq!(labels.data, [9, 0], "{text}");
        };
        expected("9,0,255,3,4\n0,5,6,7,8\n");
        expected("label,1x1,1x2,2x1,2x2\r\n9,0,255,3,4\r\n0,5,6,7,8");
        expected(
            "\"label\";p0;\"a very long name of a column indeed\";p2;p3\n9;0;255;3;4\n\n0;5;6;7;8\n\n",
        );
        expected("9\t0\t255\t 3\t4 \n0\t5\t6\t7\t8\n");
        expected("\u{feff}label,a,b,c,d\n9,0,255,3,4\n0,5,6,7,8\n");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_row() {
        let cases = [
            ("label,a,b,c,d\n", "expected 1 to 1,000,000 images, found 0"),
            ("9,0,255,3,4\n10,1,2,3,4\n", "row 2: expected a label from 0 to 9"),
            (
                "9,0,0.5,3,4\n",
                "row 1, column 3: expected a whole number from 0 to 255, found `0.5`",
            ),
            ("9,0,256,3,4\n", "found `256`"),
            ("9,0,,3,4\n", "found ``"),
            ("9,0,-1,3,4\n", "found `-1`"),
            ("9,0,1,2,3\n9,0,1,2\n", "row 2: expected 5 columns, as in the first row, found 4"),
            (
                "9,0,1,2,3\n9,0,1,2,3,4\n",
                "row 2: expected 5 columns, as in the first row, found more",
            ),
            ("9,0,1,2\n", "row 1: expected a label and the pixels of a square image"),
            ("p0,p1,p2,p3\n0,1,2,3\n", "the column of labels seems to be missing"),
            ("9,0,1,2,123456789012345678901234567890\n", "column 5: expected a whole number"),
        ];
        for (text, words) in cases {
            let message = whole(text).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        }
    }

    #[test]
    fn tables_are_told_from_other_text() {
        for text in ["5,0,0", "label;p0;p1\n", "\"label\",\"p0\"\n", "\u{feff}7\t0\t1"] {
            assert!(is_table(text.as_bytes()), "{text}");
        }
        for text in
            ["", "<html>,", "{\"a\": 1, \"b\": 2}", "hello world\n1,2", "\u{0}\u{0},", "é,1"]
        {
            assert!(!is_table(text.as_bytes()), "{text}");
        }
    }
}
