//! What a route is made of.

use axum::routing::MethodFilter;
use utoipa::openapi::path::HttpMethod;

/// A GraphQL operation under a path.
pub struct Route {
    pub method: Verb,
    /// As the router has it, `{names}` in braces.
    pub path: &'static str,
    /// What generated clients call it; the operation in each document has the same name.
    pub id: &'static str,
    /// What is not there when there is nothing: "task".
    pub thing: &'static str,
    /// The first whose parameter is given, or that needs none. `@` is where the selection goes. What a root field with
    /// the alias `page` answers is the whole answer; of others it is an entry by the field's name.
    pub documents: &'static [Written],
    /// What is always selected at `@`.
    pub selects: &'static [&'static str],
    /// What is selected there beyond that when `include` names it.
    pub includes: &'static [Include],
    pub parameters: &'static [Parameter],
    pub success: Success,
}

/// A document.
pub struct Written {
    /// Taken when this parameter is given; always without one.
    pub when: Option<&'static str>,
    pub text: &'static str,
}

/// One word of `include`.
pub struct Include {
    pub name: &'static str,
    pub text: &'static str,
}

/// Where in a request a variable comes from.
pub struct Parameter {
    pub name: &'static str,
    pub place: Place,
    /// The variable it becomes, or a place within one, with dots. Its type and its description are those of the schema.
    pub to: &'static str,
    /// For numbers: from here to there. What the schema says in words.
    pub range: Option<(i64, i64)>,
    /// Where the schema speaks of what is not here.
    pub about: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Header,
}

/// How a success is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// 200.
    Answered,
    /// 201 and where it is; 200 where nothing was created.
    Created,
    /// 200 with the `content` of the answer by itself, as a media type of its own.
    Drawn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Patch,
    Delete,
}

impl Verb {
    pub const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    pub const fn as_openapi(self) -> HttpMethod {
        match self {
            Self::Get => HttpMethod::Get,
            Self::Post => HttpMethod::Post,
            Self::Patch => HttpMethod::Patch,
            Self::Delete => HttpMethod::Delete,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl Route {
    /// The document for this selection.
    pub fn document(&self, written: &Written, included: &[&Include]) -> String {
        let chosen = included.iter().map(|include| include.text);
        let selection: Vec<&str> = self.selects.iter().copied().chain(chosen).collect();
        written.text.replace('@', &selection.join(" "))
    }
}
