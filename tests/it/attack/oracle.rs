//! What every refusal has in common, whichever way the attack came.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{
    ground::{Answer, Ground},
    value::NOBODYS_ID,
};
use crate::graphql::count;

/// The tables that hold what belongs to somebody.
const DOMAIN: [&str; 3] = ["tasker_tasks", "tasker_workflow_steps", "tasker_workflow_events"];

impl Ground {
    /// DENY: refused with all that is missing, before anything was looked up, and nothing is changed.
    pub async fn denied(&self, token: &str, query: &str, missing: &[&str]) {
        self.denied_with(token, query, json!({}), missing).await;
    }

    pub async fn denied_with(&self, token: &str, query: &str, variables: Value, missing: &[&str]) {
        let body = json!({ "query": query, "variables": variables });
        self.denies(token, body, missing, 0).await;
    }

    /// DENY after a look at where the targets are, which is one statement.
    pub async fn denied_there(&self, token: &str, query: &str, variables: Value, missing: &[&str]) {
        let body = json!({ "query": query, "variables": variables });
        self.denies(token, body, missing, 1).await;
    }

    pub async fn denies(&self, token: &str, body: Value, missing: &[&str], looks: usize) {
        let (code, status) = if token.is_empty() { ("UNAUTHENTICATED", 401) } else { ("FORBIDDEN", 403) };
        let answer = self.refused(token, &body, code, looks).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert_eq!(answer.missing(), missing, "{body}: {}", answer.text);
        assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{:?}", answer.headers);
    }

    /// REJECT: refused with this code before anything was looked up, and nothing is changed.
    pub async fn rejected(&self, token: &str, query: &str, code: &str) -> Answer {
        let answer = self.refused(token, &json!({ "query": query }), code, 0).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
        answer
    }

    /// H01: each refusal is in the audit log, once.
    async fn refused(&self, token: &str, body: &Value, code: &str, looks: usize) -> Answer {
        let before = self.rows().await;
        let noted = self.noted().await;
        let request_id = uuid::Uuid::now_v7().to_string();
        let answer = Self::hear(self.post(token).header("x-request-id", &request_id).json(body)).await;
        assert_eq!(answer.code(), code, "{body}: {}", answer.text);
        assert!(answer.body.get("data").is_none(), "{body}: {}", answer.text);
        assert_eq!(answer.headers["x-request-id"], request_id.as_str());
        for secret in ["secret of", &self.bank, token] {
            let said_by_caller = secret.is_empty() || body.to_string().contains(secret);
            assert!(said_by_caller || !answer.text.contains(secret), "{secret}: {}", answer.text);
        }
        let made: Vec<String> = count::made_for(&request_id).into_iter().map(|made| made.text).collect();
        let of_somebody = |text: &&String| DOMAIN.iter().any(|table| text.contains(table));
        assert_eq!(made.iter().filter(of_somebody).count(), looks, "{body}: {made:?}");
        assert_eq!(self.rows().await, before, "{body}");
        let is_refusal = i64::from(["FORBIDDEN", "UNAUTHENTICATED"].contains(&code));
        assert_eq!(self.noted().await, noted + is_refusal, "{body}: it is in the audit log, once");
        answer
    }

    /// How many refusals the audit log knows of.
    async fn noted(&self) -> i64 {
        let app = &self.service.app;
        app.refusals().write().await.expect("written");
        let sum =
            "SELECT cast(coalesce(sum(count), 0) AS bigint) FROM tasker_audit WHERE verdict = 'refused'";
        crate::journal::desk::number(app.engine().database(), sum).await
    }

    /// HIDDEN: answered to the byte as for an id that nothing has.
    pub async fn hidden(&self, token: &str, query: &str, id: &str) {
        let one = self.ask_with(token, query, json!({ "id": id })).await;
        let other = self.ask_with(token, query, json!({ "id": NOBODYS_ID })).await;
        assert_eq!((one.status, one.text.replace(id, NOBODYS_ID)), (other.status, other.text), "{query}");
        let headers = |mut headers: HeaderMap| {
            ["x-request-id", "date"].into_iter().for_each(|name| drop(headers.remove(name)));
            headers
        };
        assert_eq!(headers(one.headers), headers(other.headers), "{query}");
    }
}
