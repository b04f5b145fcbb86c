//! A small writer of SVG: elements with attributes, text that is escaped, numbers that are short.

/// A document that is being written.
#[derive(Debug, Default)]
pub struct Svg {
    text: String,
    open: Vec<&'static str>,
}

/// A coordinate with at most two decimals.
pub fn n(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Text as it stands in XML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// Attributes of an element.
pub type Attributes<'a> = &'a [(&'a str, String)];

impl Svg {
    /// An element with children; [`Svg::close`] ends it.
    pub fn open(&mut self, tag: &'static str, attributes: Attributes) {
        self.start(tag, attributes);
        self.text.push_str(">\n");
        self.open.push(tag);
    }

    /// Ends the element that was opened last.
    pub fn close(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.end(tag);
        }
    }

    /// An element without children.
    pub fn empty(&mut self, tag: &str, attributes: Attributes) {
        self.start(tag, attributes);
        self.text.push_str("/>\n");
    }

    /// An element that holds text.
    pub fn text(&mut self, tag: &str, attributes: Attributes, text: &str) {
        self.start(tag, attributes);
        self.text.push('>');
        self.text.push_str(&escape(text));
        self.end(tag);
    }

    /// Elements that another writer finished.
    pub fn raw(&mut self, elements: &str) {
        self.text.push_str(elements);
    }

    /// The document.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn start(&mut self, tag: &str, attributes: Attributes) {
        self.text.push('<');
        self.text.push_str(tag);
        for (name, value) in attributes {
            self.text.extend([" ", name, "=\"", &escape(value), "\""]);
        }
    }

    fn end(&mut self, tag: &str) {
        self.text.extend(["</", tag, ">\n"]);
    }
}

/// Short for an attribute.
pub fn a(name: &str, value: impl Into<String>) -> (&str, String) {
    (name, value.into())
}

/// An attribute that is a number.
pub fn num(name: &str, value: f64) -> (&str, String) {
    (name, n(value))
}
