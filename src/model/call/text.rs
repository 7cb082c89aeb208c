//! A text of a call, taken apart: plain characters, variables, expressions.
//!
//! `${VAR}` becomes a name of its own that stands for what the variable holds, so that no value is ever read as a part
//! of the template.

use std::fmt::Write;

/// Where names of variables begin. Nothing that a template may refer to has such a name.
pub(super) const VARIABLE: &str = "__variable_";

/// Statements that a text may have. None of them keeps a value, so that none can grow without end.
const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// A text, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    /// As the language reads it.
    pub(super) source: String,
    /// What `__variable_0` and those after it stand for.
    pub(super) variables: Vec<Variable<'a>>,
    pub(super) form: Form<'a>,
    /// What stands between the signs of expressions and statements, for checks.
    pub(super) code: Vec<&'a str>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form<'a> {
    /// Nothing to evaluate.
    Plain,
    /// One expression and nothing else: its value keeps its type.
    Expression(&'a str),
    /// Anything else.
    Mixed,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Variable<'a> {
    Named {
        name: &'a str,
        default: Option<&'a str>,
    },
    /// Characters that would be read as something else.
    Literal(&'static str),
}

impl<'a> Text<'a> {
    /// Takes `written` apart, or says why it can't be.
    pub(super) fn parse(written: &'a str) -> Result<Self, String> {
        let mut text = Self {
            source: String::with_capacity(written.len()),
            variables: Vec::new(),
            form: Form::Plain,
            code: Vec::new(),
        };
        let mut expressions = Vec::new();
        let mut rest = written;
        while let Some(at) = rest.find(['$', '{']) {
            text.source.push_str(&rest[..at]);
            rest = text.piece(&rest[at..], &mut expressions)?;
        }
        text.source.push_str(rest);
        if text.variables.is_empty() && text.code.len() == 1 && expressions.len() == 1 {
            let trimmed = written.trim();
            let is_whole = trimmed.len() == expressions[0].len() + 4;
            text.form = if is_whole { Form::Expression(without_dashes(expressions[0])) } else { Form::Mixed };
        } else if !text.code.is_empty() {
            text.form = Form::Mixed;
        }
        Ok(text)
    }

    /// Takes what begins with a dollar sign or a brace, and answers with what follows it.
    fn piece(&mut self, rest: &'a str, expressions: &mut Vec<&'a str>) -> Result<&'a str, String> {
        if let Some(after) = rest.strip_prefix("$${") {
            self.stand_in(Variable::Literal("${"));
            return Ok(after);
        }
        if rest.starts_with("${") && !rest.starts_with("${{") {
            return self.variable(rest);
        }
        if let Some(inside) = rest.strip_prefix("{{") {
            let code = block(inside, "}}")?;
            expressions.push(code);
            self.code.push(code);
            return Ok(self.keep(rest, code.len() + 4));
        }
        if let Some(inside) = rest.strip_prefix("{%") {
            let code = block(inside, "%}")?;
            let word = without_dashes(code).split_whitespace().next().unwrap_or_default();
            if !STATEMENTS.contains(&word) {
                return Err(format!(
                    "there is no `{{% {word} %}}` here; there are {}",
                    STATEMENTS.join(", ")
                ));
            }
            self.code.push(code);
            return Ok(self.keep(rest, code.len() + 4));
        }
        if let Some(inside) = rest.strip_prefix("{#") {
            let end = inside.find("#}").ok_or("a comment has no end: `#}` is missing")?;
            return Ok(&inside[end + 2..]);
        }
        Ok(self.keep(rest, 1))
    }

    fn keep(&mut self, rest: &'a str, length: usize) -> &'a str {
        self.source.push_str(&rest[..length]);
        &rest[length..]
    }

    fn variable(&mut self, rest: &'a str) -> Result<&'a str, String> {
        let malformed = "`${` begins a variable, as in ${NAME} or ${NAME:-default}";
        let (inside, after) = rest[2..].split_once('}').ok_or(malformed)?;
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        if default.is_some_and(|default| default.contains("{{") || default.contains("{%")) {
            return Err(format!(
                "the default of {name} is taken as it is written, and can't have expressions"
            ));
        }
        self.stand_in(Variable::Named { name, default });
        Ok(after)
    }

    fn stand_in(&mut self, variable: Variable<'a>) {
        let _ = write!(self.source, "{{{{ {VARIABLE}{} }}}}", self.variables.len());
        self.variables.push(variable);
    }
}

/// What stands before `end`, as the language finds it: not within a string or brackets.
fn block<'a>(inside: &'a str, end: &str) -> Result<&'a str, String> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut at = 0;
    let bytes = inside.as_bytes();
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (None, _) if depth == 0 && bytes[at..].starts_with(end.as_bytes()) => {
                let code = &inside[..at];
                if code.contains("${") {
                    return Err("a variable can't stand inside of an expression: write it outside".to_owned());
                }
                return Ok(code);
            }
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        at += 1;
    }
    Err(format!("an expression has no end: `{end}` is missing"))
}

/// Without the signs that take the space around away.
fn without_dashes(code: &str) -> &str {
    let code = code.strip_prefix(['-', '+']).unwrap_or(code);
    code.strip_suffix(['-', '+']).unwrap_or(code).trim()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(written: &str) -> Text<'_> {
        Text::parse(written).unwrap_or_else(|why| panic!("{written}: {why}"))
    }

    #[test]
    fn one_expression_and_nothing_else_is_a_value() {
        for (written, inside) in [
            ("{{ context.a }}", "context.a"),
            (" {{- context.a -}}\n", "context.a"),
            ("{{ '}}' }}", "'}}'"),
            ("{{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}"),
            (r#"{{ "a\"}}" }}"#, r#""a\"}}""#),
        ] {
            assert_eq!(parsed(written).form, Form::Expression(inside), "{written}");
        }
        for mixed in ["{{ a }}{{ b }}", "x{{ a }}", "${A}{{ a }}", "{% if a %}x{% endif %}"] {
            assert_eq!(parsed(mixed).form, Form::Mixed, "{mixed}");
        }
        for plain in ["", "a {b} $5", "${A}", "$${A}", "{# nothing #}"] {
            assert_eq!(parsed(plain).form, Form::Plain, "{plain}");
        }
    }

    #[test]
    fn a_variable_becomes_a_name() {
        let text = parsed("Bearer ${TOKEN:-x} ${{ context.price }} $${A}");
        assert_eq!(text.source, "Bearer {{ __variable_0 }} ${{ context.price }} {{ __variable_1 }}A}");
        let named = Variable::Named { name: "TOKEN", default: Some("x") };
        assert_eq!(text.variables, [named, Variable::Literal("${")]);
    }

    #[test]
    fn what_would_mix_the_two_is_refused() {
        for (written, why) in [
            ("{{ '${A}' }}", "a variable can't stand inside of an expression: write it outside"),
            (
                "${A:-{{ context.a }}}",
                "the default of A is taken as it is written, and can't have expressions",
            ),
            (
                "{% raw %}x{% endraw %}",
                "there is no `{% raw %}` here; there are if, elif, else, endif, for, endfor",
            ),
            (
                "{%- set x = 1 %}",
                "there is no `{% set %}` here; there are if, elif, else, endif, for, endfor",
            ),
            ("{{ context.a", "an expression has no end: `}}` is missing"),
            ("{{ '}} ", "an expression has no end: `}}` is missing"),
            ("{# x", "a comment has no end: `#}` is missing"),
        ] {
            assert_eq!(Text::parse(written), Err(why.to_owned()), "{written}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_or_refused(text in "[${}%#'\"\\\\a-cA -]{0,40}") {
            let _ = Text::parse(&text);
        }

        #[test]
        fn text_without_signs_is_itself(text in "[^${]{0,40}") {
            prop_assert_eq!(parsed(&text).source, text);
        }
    }
}
