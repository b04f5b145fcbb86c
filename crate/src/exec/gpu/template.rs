//! Unrolls shader text: WGSL has no way to write a register block of a size that is chosen when the program runs.
//!
//! `//# for i in NAME` ... `//# end` repeats the lines between for i = 0, 1, ..., and `$i` in them becomes the number;
//! `//# if NAME` ... `//# end` keeps them when NAME is not 0. Variables have one letter. Everything else is copied.

/// Values of the names in directives.
pub type Names<'a> = &'a [(&'a str, u32)];

fn value(names: Names<'_>, name: &str) -> u32 {
    names.iter().find(|(n, _)| *n == name).map_or(0, |(_, value)| *value)
}

/// Expands `text`.
pub fn expand(text: &str, names: Names<'_>) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::with_capacity(2 * text.len());
    block(&lines, names, &mut Vec::new(), &mut out);
    out
}

/// Index of the `end` that closes the block whose first line is `from`.
fn end(lines: &[&str], from: usize) -> usize {
    let mut depth = 1;
    for (at, line) in lines.iter().enumerate().skip(from) {
        match directive(line) {
            Some(["end", ..]) => depth -= 1,
            Some(_) => depth += 1,
            None => {}
        }
        if depth == 0 {
            return at;
        }
    }
    lines.len()
}

fn directive(line: &str) -> Option<[&str; 4]> {
    let mut words = line.trim_start().strip_prefix("//#")?.split_whitespace();
    Some(std::array::from_fn(|_| words.next().unwrap_or("")))
}

fn block(lines: &[&str], names: Names<'_>, loops: &mut Vec<(char, u32)>, out: &mut String) {
    let mut at = 0;
    while at < lines.len() {
        let Some([kind, first, _, last]) = directive(lines[at]) else {
            out.push_str(&substitute(lines[at], loops));
            out.push('\n');
            at += 1;
            continue;
        };
        let close = end(lines, at + 1);
        let body = &lines[(at + 1).min(close)..close];
        if kind == "for" {
            for i in 0..value(names, last) {
                loops.push((first.chars().next().unwrap_or(' '), i));
                block(body, names, loops, out);
                loops.pop();
            }
        } else if kind == "if" && value(names, first) != 0 {
            block(body, names, loops, out);
        }
        at = close + 1;
    }
}

fn substitute(line: &str, loops: &[(char, u32)]) -> String {
    let mut text = line.to_string();
    for (name, i) in loops {
        text = text.replace(&format!("${name}"), &i.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_nest_and_conditions_choose() {
        let text = "a\n//# for i in n\n  x$i\n  //# for j in m\n  y$i_$j\n  //# end\n//# end\n//# if off\nno\n//# end\n//# if n\nyes\n//# end\n";
        let expanded = expand(text, &[("n", 2), ("m", 2), ("off", 0)]);
        let words: Vec<&str> = expanded.split_whitespace().collect();
        assert_eq!(words, ["a", "x0", "y0_0", "y0_1", "x1", "y1_0", "y1_1", "yes"]);
    }
}
