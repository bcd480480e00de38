//! A checker of JSON documents.

use serde_json::{Map, Value};

/// As much of JSON Schema as the schemas here use. A validator from a registry would bring the tables of Unicode with it.
pub(crate) struct Checker<'s>(pub(crate) &'s Value);

impl Checker<'_> {
    /// What is wrong with a whole document.
    pub(crate) fn problems(&self, document: &Value) -> Vec<String> {
        self.check(self.0, document, "")
    }

    /// What is wrong with a value. Each keyword is understood, or the check itself fails.
    fn check(&self, schema: &Value, value: &Value, place: &str) -> Vec<String> {
        let keywords = schema.as_object().expect("a schema is a table");
        let all = keywords
            .iter()
            .flat_map(|(keyword, wanted)| self.keyword(keyword, wanted, keywords, value, place));
        all.collect()
    }

    fn keyword(
        &self,
        keyword: &str,
        wanted: &Value,
        schema: &Map<String, Value>,
        value: &Value,
        place: &str,
    ) -> Vec<String> {
        let unless = |good: bool| match good {
            true => Vec::new(),
            false => vec![format!("{place}: not {keyword} {wanted}")],
        };
        let fitting = |schemas: &Value| {
            let schemas = schemas.as_array().unwrap().iter();
            schemas
                .filter(|one| self.check(one, value, place).is_empty())
                .count()
        };
        // A keyword says nothing of values of other types.
        match (keyword, value) {
            ("$schema" | "title" | "description" | "definitions", _) => Vec::new(),
            ("$ref", _) => {
                let path = wanted.as_str().unwrap().strip_prefix('#').unwrap();
                self.check(self.0.pointer(path).expect("a definition"), value, place)
            }
            ("type", _) => unless(is_of_type(value, wanted.as_str().unwrap())),
            ("const", _) => unless(value == wanted),
            ("format", Value::String(text)) => unless(has_format(text, wanted.as_str().unwrap())),
            ("enum", _) => unless(wanted.as_array().unwrap().contains(value)),
            ("anyOf", _) => unless(fitting(wanted) > 0),
            ("oneOf", _) => unless(fitting(wanted) == 1),
            ("pattern", Value::String(text)) => unless(
                regex::Regex::new(wanted.as_str().unwrap())
                    .unwrap()
                    .is_match(text),
            ),
            ("minLength", Value::String(text)) => {
                unless(text.len() as u64 >= wanted.as_u64().unwrap())
            }
            ("minimum", Value::Number(n)) => unless(n.as_i64() >= wanted.as_i64()),
            ("maximum", Value::Number(n)) => unless(n.as_i64() <= wanted.as_i64()),
            ("minItems", Value::Array(items)) => {
                unless(items.len() as u64 >= wanted.as_u64().unwrap())
            }
            ("items", Value::Array(items)) => {
                let items = items.iter().enumerate();
                items
                    .flat_map(|(i, item)| self.check(wanted, item, &format!("{place}/{i}")))
                    .collect()
            }
            ("required", Value::Object(table)) => unless(
                wanted
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|key| table.contains_key(key.as_str().unwrap())),
            ),
            ("properties", Value::Object(table)) => {
                let known = table
                    .iter()
                    .filter_map(|(key, value)| Some((key, value, wanted.get(key)?)));
                known
                    .flat_map(|(key, value, of)| self.check(of, value, &format!("{place}/{key}")))
                    .collect()
            }
            ("propertyNames", Value::Object(table)) => {
                let names = table.keys().map(|key| Value::String(key.clone()));
                names
                    .flat_map(|name| self.check(wanted, &name, place))
                    .collect()
            }
            ("additionalProperties", Value::Object(table)) => {
                let known = schema.get("properties").and_then(Value::as_object);
                let others = table
                    .iter()
                    .filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
                let problem = |(key, value): (&String, &Value)| match wanted {
                    Value::Bool(false) => vec![format!("{place}: `{key}` is not known")],
                    schema => self.check(schema, value, &format!("{place}/{key}")),
                };
                others.flat_map(problem).collect()
            }
            (
                "pattern"
                | "format"
                | "minLength"
                | "minimum"
                | "maximum"
                | "minItems"
                | "items"
                | "required"
                | "properties"
                | "propertyNames"
                | "additionalProperties",
                _,
            ) => Vec::new(),
            (other, _) => panic!("the schema uses `{other}`, which this test does not know"),
        }
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        other => panic!("no type `{other}`"),
    }
}

fn has_format(text: &str, name: &str) -> bool {
    let pattern = match name {
        "uuid" => "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        "date-time" => r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
        other => panic!("no format `{other}`"),
    };
    regex::Regex::new(pattern).unwrap().is_match(text)
}
