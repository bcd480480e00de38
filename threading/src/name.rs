//! The name of a thread's function, for the thread's default name.

use std::any::type_name;

/// `thread_function` for a plain function; nothing for a closure, a boxed function or a function pointer.
pub(crate) fn target_of<F>() -> Option<&'static str> {
    let path = type_name::<F>();
    let plain = path.split("::").all(is_identifier);
    plain.then(|| path.rsplit("::").next()).flatten()
}

fn is_identifier(part: &str) -> bool {
    let mut letters = part.chars();
    let starts_well = letters
        .next()
        .is_some_and(|first| first == '_' || first.is_alphabetic());
    starts_well && letters.all(|letter| letter == '_' || letter.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target_of_value<F>(_: F) -> Option<&'static str> {
        target_of::<F>()
    }

    fn thread_function() {}

    #[test]
    fn only_a_plain_function_has_a_name() {
        assert_eq!(target_of_value(thread_function), Some("thread_function"));
        assert_eq!(target_of_value(|| ()), None);
        assert_eq!(target_of_value(thread_function as fn()), None);
        assert_eq!(
            target_of_value(Box::new(thread_function) as Box<dyn FnOnce()>),
            None
        );
    }
}
