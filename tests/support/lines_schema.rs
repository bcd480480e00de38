//! `docs/lines.schema.json`: what the lines of JSON look like.

use serde_json::Value;

use super::json_schema::Checker;

/// The schema, and nothing beside what it says: a key that it does not have would go unnoticed otherwise.
pub(crate) fn schema() -> Value {
    let text = include_str!("../../docs/lines.schema.json");
    let mut schema = serde_json::from_str(text).expect("a schema");
    close(&mut schema);
    schema
}

/// Lets objects have no other keys than those that are named.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            keywords.values_mut().for_each(close);
            if keywords.contains_key("properties") {
                keywords.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(schemas) => schemas.iter_mut().for_each(close),
        _ => {}
    }
}

/// What is wrong with lines of JSON, with the line.
pub(crate) fn problems(text: &str) -> Vec<String> {
    let schema = schema();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .filter_map(|line| {
            let value: Value = serde_json::from_str(line).expect("a line of JSON");
            let kind = value["type"].as_str().unwrap_or("none").to_owned();
            let of_kind = serde_json::json!({
                "$ref": format!("#/definitions/{kind}"),
                "definitions": schema["definitions"],
            });
            let known = schema["definitions"].get(&kind).is_some();
            let problems = match known {
                true => Checker(&of_kind).problems(&value),
                false => vec![format!("no type `{kind}`")],
            };
            (!problems.is_empty()).then(|| format!("{}\n{line}", problems.join("\n")))
        })
        .collect()
}
