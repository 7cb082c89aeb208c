//! What can be said of a call when its template is loaded.

use super::{
    language, request,
    scope::ROOTS,
    text::Text,
    url::{CLOSE, OPEN},
};

/// Names of steps whose results a text refers to, as far as they are plain.
pub type References = Vec<String>;

/// What `step` and `task` have.
const STEP: [&str; 3] = ["id", "name", "attempt"];
const TASK: [&str; 3] = ["id", "name", "namespace"];

/// Checks a text: it can be read, and what it begins with is there. Answers with the steps that it refers to.
pub fn check(written: &str) -> Result<References, String> {
    if written.contains([OPEN, CLOSE]) {
        return Err("has a character that is none".to_owned());
    }
    let text = Text::parse(written)?;
    let mut steps = Vec::new();
    for name in language::inspect(&text)? {
        let mut parts = name.split('.');
        let (root, member) = (parts.next().unwrap_or_default(), parts.next());
        let known: &[&str] = match root {
            "results" => {
                steps.extend(member.map(str::to_owned));
                continue;
            }
            "step" => &STEP,
            "task" => &TASK,
            _ if ROOTS.contains(&root) => continue,
            _ => return Err(format!("there is no {root} here; there are {}", ROOTS.join(", "))),
        };
        if member.is_some_and(|member| !known.contains(&member)) {
            return Err(format!("there is no {name}; {root} has {}", known.join(", ")));
        }
    }
    Ok(steps)
}

/// Checks the name of a header.
pub fn check_header(name: &str) -> Result<(), String> {
    request::header_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_refers_to_is_known_beforehand() {
        let text = "{{ results.fetch.a }} {{ results['no name'] }} {% for x in results.list %}{{ x.y }}{{ loop.index }}{% endfor %} ${TOKEN}";
        assert_eq!(check(text), Ok(vec!["fetch".to_owned(), "list".to_owned()]));
        assert_eq!(check("{{ step.id }}-{{ task.name }} {{ inputs.a | default('x') | upper }}"), Ok(vec![]));
    }

    #[test]
    fn a_slip_of_the_pen_is_told() {
        let told = |text: &str| check(text).expect_err(text);
        insta::assert_snapshot!(
            [
                "{{ contxt.id }}", "{{ context.id", "{{ context. }}", "{{ context.a | shout }}", "{{ context.a is odd }}",
                "{{ step.number }}", "{{ now() }}", "{% include 'x' %}", "{{ 'a' | safe }}", "{{ context.a if }}",
            ]
            .map(told)
            .join("\n"),
            @r"
        there is no contxt here; there are context, inputs, results, step, task
        an expression has no end: `}}` is missing
        unexpected end of input, expected identifier or integer
        there is no filter shout; there are abs, bool, default, d, first, float, int, items, join, last, length, count, list, lower, max, min, replace, reverse, round, sort, split, string, sum, tojson, trim, upper, urlencode
        there is no test odd; there are boolean, defined, endingwith, in, integer, mapping, none, number, sequence, startingwith, string, undefined
        there is no step.number; step has id, name, attempt
        there is no now here; there are context, inputs, results, step, task
        there is no `{% include %}` here; there are if, elif, else, endif, for, endfor
        there is no filter safe; there are abs, bool, default, d, first, float, int, items, join, last, length, count, list, lower, max, min, replace, reverse, round, sort, split, string, sum, tojson, trim, upper, urlencode
        unexpected end of input, expected expression
        "
        );
    }
}
